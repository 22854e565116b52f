import Diffusion
import Foundation
import Layers
import OmniGen2
import Testing
import Torch

@testable import Training

@Suite struct EncodedTests {
    /// What a run reads of a mixture: numbers of each sample, or where it was passed over.
    @Engine
    private static func read<Reader: LatentReader>(
        _ reader: Reader, _ mixture: DataMixture<Reader.File>, batches: Int = 20
    ) throws -> [[[Float]]] {
        let generators = Generators(seed: 4)
        var stream = try SampleStream(mixture, seed: 2)
        return try (0..<batches).flatMap { _ in stream.next(3) }.map { file, line in
            do {
                let sample = try reader(file[line], generators)
                return try ([sample.latent, sample.text] + sample.references).map {
                    try $0.floats() + $0.shape.map(Float.init)
                }
            } catch is SampleError {
                return []
            }
        }
    }

    /// Several epochs, from encoded samples and from pictures.
    @Engine
    private static func both(_ fixture: EncodedFixture, _ dtype: DType) throws -> ([[[Float]]], [[[Float]]]) {
        let model = try ModelFolder(path: EncodedFixture.model)
        let folder = try EncodedFolder(path: fixture.output)
        let encoded = try EncodedReader(folder, model, fixture.data, dtype, .cpu)
        let pictures = try SampleReader(model, fixture.data, dtype, .cpu)
        let mixture = try DataMixture(path: fixture.data.path)
        #expect(folder.mixture.parts.map(\.count) == mixture.parts.map(\.count))
        return try (Self.read(encoded, folder.mixture), Self.read(pictures, mixture))
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func samplesEncodedOneByOneAreThoseOfTheirPicturesToTheLastBit(_ dtype: DType) async throws {
        try await withEngine {
            try EncodedFixture.with { fixture in
                try fixture.encode(dtype)
                let (encoded, pictures) = try Self.both(fixture, dtype)
                let areSame = encoded == pictures
                #expect(areSame)
                #expect(
                    pictures.contains([]) && pictures.contains { $0.count == 3 } && pictures.contains { $0.count == 4 })
            }
        }
    }

    /// Of states and latents whose sums were taken in another order, in float32.
    private static let batchTolerance = 1e-5

    @Test func samplesEncodedTogetherAreThoseOfTheirPicturesButForRounding() async throws {
        try await withEngine {
            try EncodedFixture.with { fixture in
                try fixture.encode(batchSize: 8)
                let (encoded, pictures) = try Self.both(fixture, .float32)
                #expect(encoded.map { $0.map(\.count) } == pictures.map { $0.map(\.count) })
                #expect(
                    relativeDistance(Array(encoded.joined()), Array(pictures.joined())) < Self.batchTolerance)
            }
        }
    }

    @Test func samplesThatCannotBeReadAreNamedCountedAndKeepTheirPlace() async throws {
        try await withEngine {
            try EncodedFixture.with { fixture in
                let leftOut = try fixture.encode()
                let names = leftOut.map { $0.origin.replacing("\(fixture.folder)/", with: "") }
                #expect(names == ["captions.jsonl:2", "captions.jsonl:5", "edits.jsonl:3"])
                let folder = try EncodedFolder(path: fixture.output)
                #expect(folder.document.parts.map(\.leftOut) == [2, 1])
                #expect(folder.document.parts.map { $0.shards.map(\.samples) } == [[2, 2, 1], [2, 2]])
                #expect(throws: SampleError.self) { try folder.mixture.parts[0].file[4] }
                #expect(try folder.mixture.parts[0].file[1].origin.hasSuffix("captions.jsonl: sample 2"))
            }
        }
    }

    @Test func aRunThatIsCancelledLeavesNothingBehind() async throws {
        let task = Task {
            try await withEngine {
                try EncodedFixture.with { fixture in
                    let encoding = try DataEncoding(
                        fixture.options(), ModelFolder(path: EncodedFixture.model),
                        DataMixture(path: fixture.data.path), device: .cpu, batchSize: 4)
                    #expect(throws: CancellationError.self) {
                        try encoding(
                            to: fixture.output, leaveOut: { _ in withUnsafeCurrentTask { $0?.cancel() } },
                            report: { _ in })
                    }
                    let names = try FileManager.default.contentsOfDirectory(atPath: fixture.folder)
                    #expect(!names.contains { $0.hasPrefix("encoded") })
                }
            }
        }
        try await task.value
    }

    @Test func anotherModelAndOtherOptionsAreRefused() async throws {
        try await withEngine {
            try EncodedFixture.with { fixture in
                try fixture.encode()
                let folder = try EncodedFolder(path: fixture.output)
                func refusal(_ model: String, _ options: DataOptions) throws -> String {
                    let model = try ModelFolder(path: model)
                    let error = #expect(throws: TrainingError.self) {
                        try EncodedReader(folder, model, options, .float32, .cpu)
                    }
                    return error.map { "\($0)" } ?? ""
                }
                var options = fixture.data
                options.maximumOutputPixels = 1024
                #expect(
                    try refusal(EncodedFixture.model, options).hasSuffix(
                        "was encoded with max_output_pixels 1048576, the options say 1024"))
                for (part, change) in [("vae", Self.changeNumber), ("processor", Self.changeText)] {
                    let copy = "\(fixture.folder)/\(part)"
                    try FileManager.default.copyItem(atPath: EncodedFixture.model, toPath: copy)
                    try change("\(copy)/\(part)")
                    #expect(try refusal(copy, fixture.data).contains("its \(part) is not that of \(copy)"))
                }
            }
        }
    }

    /// Another last number of the weights.
    private static func changeNumber(_ folder: String) throws {
        let url = URL(fileURLWithPath: "\(folder)/diffusion_pytorch_model.safetensors")
        var data = try Data(contentsOf: url)
        data[data.count - 1] ^= 1
        try data.write(to: url)
    }

    private static func changeText(_ folder: String) throws {
        try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(folder)/added_tokens.json"))
    }

    @Test func aModelWithoutThePartsThatEncodedIsTakenWithAWord() async throws {
        try await withEngine {
            try EncodedFixture.with { fixture in
                try fixture.encode()
                let copy = "\(fixture.folder)/model"
                try FileManager.default.copyItem(atPath: EncodedFixture.model, toPath: copy)
                for part in ["vae", "mllm", "processor"] {
                    try FileManager.default.removeItem(atPath: "\(copy)/\(part)")
                }
                var warnings: [String] = []
                let folder = try EncodedFolder(path: fixture.output)
                let reader = try EncodedReader(folder, ModelFolder(path: copy), fixture.data, .bfloat16, .cpu) {
                    warnings.append($0)
                }
                #expect(warnings.count == 2 && warnings[0].contains("has no vae, mllm, processor"))
                #expect(warnings[1].hasSuffix("was encoded in F32, the run computes in BF16"))
                let sample = try reader(folder.mixture.parts[0].file[0], Generators(seed: 0))
                #expect(sample.latent.dtype == .bfloat16 && sample.text.dtype == .bfloat16)
            }
        }
    }

    @Test func otherStagesSayThatTheyNeedPictures() async throws {
        try await withEngine {
            try EncodedFixture.with { fixture in
                try fixture.encode()
                #expect(EncodedFolder.exists(at: fixture.output) && !EncodedFolder.exists(at: fixture.folder))
                let error = #expect(throws: TrainingError.self) { try DataMixture(path: fixture.output) }
                #expect("\(try #require(error))".hasPrefix("\(fixture.output): holds encoded samples"))
            }
        }
    }
}
