import Foundation
import Imaging
import Layers
import Testing
import Torch

@testable import OmniGen2

/// A model whose weights were packed into files is the model whose weights are packed while they are loaded.
@Suite struct PackedModelTests {
    private static func pack(
        _ storage: WeightStorage, from model: String = PipelineTests.checkpoint, to folder: String
    ) async throws -> String {
        let path = "\(folder)/\(storage.rawValue)"
        try await withEngine {
            var conversion = CheckpointConversion(try ModelFolder(path: model), output: path)
            conversion.storage = storage
            try conversion.run()
        }
        return path
    }

    private static func model(
        _ path: String, _ quantization: OmniGen2.Quantization? = nil,
        _ precision: OmniGen2.Precision = .bfloat16
    ) async throws -> OmniGen2 {
        var configuration = OmniGen2.Configuration()
        (configuration.precision, configuration.quantization, configuration.device) = (precision, quantization, "cpu")
        return try await OmniGen2(model: path, configuration: configuration)
    }

    private static func draw(_ model: OmniGen2) async throws -> [Image] {
        var request = GenerationRequest(prompt: "A dog running in the park")
        (request.height, request.width, request.steps) = (48, 64, 2)
        return try await model.generate(request)
    }

    @Test(arguments: OmniGen2.Quantization.allCases)
    func packedFilesDrawWhatRoundingWhileLoadingDraws(quantization: OmniGen2.Quantization) async throws {
        try await withTemporaryFolder { folder in
            let path = try await Self.pack(quantization.storage, to: folder)
            let packed = try await Self.draw(Self.model(path))
            let rounded = try await Self.draw(Self.model(PipelineTests.checkpoint, quantization))
            let wide = try await Self.draw(Self.model(PipelineTests.checkpoint))
            #expect(packed == rounded && packed != wide)
            let answer = try await Self.model(path).describe([packed[0]], question: "What is it?")
            let other = try await Self.model(PipelineTests.checkpoint, quantization)
                .describe([packed[0]], question: "What is it?")
            #expect(answer.text == other.text)
        }
    }

    /// The language model takes 12 bits a number, but for a weight whose numbers have too many exponents.
    @Test func packedFilesAreTheModelBitForBit() async throws {
        try await withTemporaryFolder { folder in
            let wide = "model.layers.1.mlp.down_proj"
            try FileManager.default.copyItem(atPath: PipelineTests.checkpoint, toPath: "\(folder)/model")
            try Self.spreadExponents(of: "\(wide).weight", in: "\(folder)/model/mllm")
            let path = try await Self.pack(.packed, from: "\(folder)/model", to: folder)
            let names = try SafetensorsFile(path: "\(path)/mllm/packed.safetensors").names
            #expect(names.contains("\(wide).bf16") && !names.contains("\(wide).bf12"))
            #expect(names.contains("model.layers.0.mlp.down_proj.bf12"))
            try Self.expectSizesAsStored(path)
            let (packed, published) = try await (Self.model(path), Self.model("\(folder)/model"))
            let drawn = try await Self.draw(packed)
            #expect(try await Self.draw(published) == drawn)
            let answers = try await (
                packed.describe(drawn, question: "What is it?"), published.describe(drawn, question: "What is it?")
            )
            #expect(answers.0.text == answers.1.text)
        }
    }

    /// What the plan counts for weights of either kind is what their files hold.
    private static func expectSizesAsStored(_ path: String) throws {
        let file = try SafetensorsFile(path: "\(path)/mllm/packed.safetensors")
        let footprint = try ModelFolder(path: path).footprint(.mllm, .bfloat16, .cpu)
        for layer in 0..<2 {
            let name = "model.layers.\(layer).mlp.down_proj"
            let piece = try #require(footprint.pieces.first { $0.name == "\(name).weight" })
            let entry = try #require(file.entries["\(name).bf12"] ?? file.entries["\(name).bf16"])
            #expect(piece.bytes == entry.byteRange.count && piece.storedBytes == entry.byteRange.count)
        }
    }

    /// Sets a tensor's numbers to small powers of two of some sixty exponents.
    private static func spreadExponents(of name: String, in folder: String) throws {
        let path = "\(folder)/model.safetensors"
        let entry = try #require(SafetensorsFile(path: path).entries[name])
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let size = entry.elementType.bitCount / 8
        for (index, offset) in stride(from: entry.byteRange.lowerBound, to: entry.byteRange.upperBound, by: size)
            .enumerated()
        {
            let bits = Float(sign: index % 2 == 0 ? .plus : .minus, exponent: -8 - index % 61, significand: 1)
                .bitPattern
            withUnsafeBytes(of: bits.littleEndian) {
                bytes.replaceSubrange(offset..<offset + size, with: $0.suffix(size))
            }
        }
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    /// Blocks that are read when it is their turn give the same bits, of packed files and of the published layout.
    @Test(arguments: [nil, WeightStorage.packed, .int8], [GenerationRequest.Cache.none, .teaCache(threshold: 0.05)])
    func streamedEqualsResident(storage: WeightStorage?, cache: GenerationRequest.Cache) async throws {
        try await withTemporaryFolder { folder in
            let path = if let storage { try await Self.pack(storage, to: folder) } else { PipelineTests.checkpoint }
            var configuration = OmniGen2.Configuration()
            configuration.device = "cpu"
            let resident = try await OmniGen2(model: path, configuration: configuration)
            configuration.maximumMemory = 1_000_000
            let streamed = try await OmniGen2(model: path, configuration: configuration)
            var request = GenerationRequest(prompt: "A dog running in the park")
            (request.height, request.width, request.steps, request.cache) = (48, 64, 3, cache)
            request.references = try await resident.generate(request)
            let drawn = try await resident.generate(request)
            let again = try await streamed.generate(request)
            #expect(again == drawn)
            let answers = try await (
                resident.describe(drawn, question: "What is it?"), streamed.describe(drawn, question: "What is it?")
            )
            #expect(answers.0.text == answers.1.text)
        }
    }

    @Test func aPackedFolderIsCompleteAndOnlyRun() async throws {
        try await withTemporaryFolder { folder in
            let path = try await Self.pack(.int8, to: folder)
            try await withEngine {
                let model = try ModelFolder(path: path)
                try model.verify()
                #expect(throws: GenerationError.self) { try model.checkpoint(.transformer) }
                #expect(throws: GenerationError.self) { try CheckpointConversion(model, output: "\(folder)/b").run() }
            }
            await #expect(throws: GenerationError.self) { try await Self.model(path, nil, .float32) }
            await #expect(throws: GenerationError.self) { try await Self.model(path, .int4) }
            await #expect(throws: GenerationError.self) {
                try await Self.model(PipelineTests.checkpoint, .int8, .float32)
            }
        }
    }

    @Test func aDamagedFileIsAnErrorThatNamesIt() async throws {
        try await withTemporaryFolder { folder in
            let path = try await Self.pack(.int8, to: folder)
            let file = "\(path)/transformer/packed.safetensors"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            try bytes.prefix(bytes.count - 64).write(to: URL(fileURLWithPath: file))
            await #expect {
                try await Self.model(path)
            } throws: {
                "\($0)".contains("packed.safetensors")
            }
        }
    }

    @Test func namesOfPackedWeightsCanBeReadBack() {
        let form = PackedForm(outputs: 3, inputs: 4, numbers: .int8, isGated: false)
        for paths in [["head"], ["a.b"], ["layers.0.attn.to_out.0"], ["a.q", "a.k"], ["q", "k"]] {
            let read = PackedForm.paths(of: form.name(of: paths))
            #expect(read?.paths == paths && read?.numbers == .int8)
        }
        #expect(form.name(of: ["layers.0.attn.to_q", "layers.0.attn.to_k"]) == "layers.0.attn.to_q+to_k.int8")
        #expect(PackedForm.paths(of: "layers.0.norm.weight") == nil)
    }
}
