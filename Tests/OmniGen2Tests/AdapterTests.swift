import Foundation
import Layers
import Testing

@testable import Diffusion
@testable import OmniGen2
@testable import Torch

@Suite struct AdapterTests {
    /// A folder with an adapter for the linear layers of every block of the fixtures' transformer.
    private static func withAdapter<R>(_ body: (String) async throws -> R) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("adapter-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = try ModelFolder(path: PipelineTests.checkpoint).tensors(.transformer)
        let path = folder.path + "/style.safetensors"
        var tensors: [SafetensorsWriter.Tensor] = []
        func add(_ name: String, _ shape: [Int]) {
            let values = Generator(seed: UInt64(tensors.count)).randn(shape.reduce(1, *))
            let bytes = values.flatMap { value in
                withUnsafeBytes(of: (value * 0.1).bitPattern.littleEndian) { Array($0) }
            }
            tensors.append(SafetensorsWriter.Tensor(name: name, elementType: .float32, shape: shape, bytes: bytes))
        }
        for name in model.names where name.hasSuffix(".weight") {
            guard let shape = model[name]?.entry.shape, shape.count == 2 else { continue }
            add("transformer.\(name.dropLast(7)).lora_A.weight", [3, shape[1]])
            add("transformer.\(name.dropLast(7)).lora_B.weight", [shape[0], 3])
        }
        add("text_encoder.model.layers.0.mlp.up_proj.lora_A.weight", [3, 4])
        try SafetensorsWriter.write(tensors, to: path)
        return try await body(path)
    }

    private static func model(_ precision: OmniGen2.Precision = .float32) async throws -> OmniGen2 {
        var configuration = OmniGen2.Configuration()
        configuration.precision = precision
        configuration.device = "cpu"
        return try await OmniGen2(model: PipelineTests.checkpoint, configuration: configuration)
    }

    private static var request: GenerationRequest {
        var request = GenerationRequest(prompt: "A dog running in the park")
        (request.height, request.width, request.steps) = (48, 64, 2)
        return request
    }

    /// The folder with the adapter, packed beside it in 8 bits.
    private static func pack(beside adapter: String) async throws -> String {
        let packed = URL(fileURLWithPath: adapter).deletingLastPathComponent().path + "/packed"
        try await withEngine {
            var conversion = CheckpointConversion(try ModelFolder(path: PipelineTests.checkpoint), output: packed)
            conversion.storage = .int8
            try conversion.run()
        }
        return packed
    }

    private static func roundedModel(_ path: String, _ quantization: OmniGen2.Quantization?) async throws -> OmniGen2 {
        var configuration = OmniGen2.Configuration()
        (configuration.device, configuration.quantization) = ("cpu", quantization)
        return try await OmniGen2(model: path, configuration: configuration)
    }

    @Test func packedFilesAreAdaptedAsWhatIsRoundedWhileLoading() async throws {
        try await Self.withAdapter { path in
            let packed = try await Self.roundedModel(Self.pack(beside: path), nil)
            let rounded = try await Self.roundedModel(PipelineTests.checkpoint, .int8)
            let plain = try await packed.generate(Self.request)
            let reports = try await packed.setAdapters([Adapter(path: path)])
            #expect(try await rounded.setAdapters([Adapter(path: path)]) == reports)
            let adapted = try await packed.generate(Self.request)
            #expect(try await rounded.generate(Self.request) == adapted && adapted != plain)
            try await packed.setAdapters([])
            #expect(try await packed.generate(Self.request) == plain)
        }
    }

    @Test func anAdapterIsNotMergedIntoPackedFilesAndThatIsSaid() async throws {
        try await Self.withAdapter { path in
            let model = try await Self.roundedModel(Self.pack(beside: path), nil)
            let error = await #expect(throws: GenerationError.self) {
                try await model.setAdapters([Adapter(path: path)], merged: true)
            }
            #expect(error.map { "\($0)".contains("is packed and cannot be changed") } == true)
            _ = try await model.generate(Self.request)
        }
    }

    @Test func adaptersChangeThePictureAndGoWithoutATrace() async throws {
        try await Self.withAdapter { path in
            let model = try await Self.model()
            let base = try await model.generate(Self.request)
            let reports = try await model.setAdapters([Adapter(path: path, scale: 0.5)])
            #expect(reports[0].modules.count > 30 && reports[0].ranks == [3] && reports[0].scales == [0.5])
            #expect(
                reports[0].description
                    == "style.safetensors: \(reports[0].modules.count) modules matched, 1 key unmatched "
                    + "(text_encoder.model.layers.0.mlp.up_proj.lora_A.weight: belongs to the language model), "
                    + "rank 3, scale 0.5")
            let adapted = try await model.generate(Self.request)
            #expect(adapted != base)
            try await model.setAdapters([Adapter(path: path, scale: 0)])
            #expect(try await model.generate(Self.request) == base)
            // Twice the same half is one whole but for the order of sums.
            try await model.setAdapters([Adapter(path: path, scale: 0.25), Adapter(path: path, scale: 0.25)])
            let twice = try await model.generate(Self.request)
            #expect(zip(twice[0].pixels, adapted[0].pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
            try await model.setAdapters([])
            #expect(try await model.generate(Self.request) == base)
        }
    }

    @Test func adaptersThatFailLeaveThoseOfBefore() async throws {
        try await Self.withAdapter { path in
            let model = try await Self.model()
            try await model.setAdapters([Adapter(path: path)])
            let adapted = try await model.generate(Self.request)
            await #expect(throws: AdapterError.self) {
                try await model.setAdapters([Adapter(path: path, scale: 3), Adapter(path: "/nowhere.safetensors")])
            }
            await #expect(throws: GenerationError.self) {
                try await model.setAdapters([Adapter(path: path, scale: .nan)])
            }
            #expect(try await model.generate(Self.request) == adapted)
        }
    }

    @Test func adaptersMayBeSetBeforeThePicturesPartsAreLoaded() async throws {
        try await Self.withAdapter { path in
            let model = try await Self.model()
            try await model.setAdapters([Adapter(path: path)])
            var configuration = OmniGen2.Configuration()
            (configuration.precision, configuration.device) = (.float32, "cpu")
            let other = try await OmniGen2(
                model: PipelineTests.checkpoint, configuration: configuration, for: .text)
            try await other.setAdapters([Adapter(path: path)])
            let first = try await model.generate(Self.request)
            #expect(try await other.generate(Self.request) == first)
        }
    }

    /// Bounds on one forward with an adapter on every linear layer: in float32 the order of sums, in bfloat16 the
    /// rounding of the merged weights, relative to the whole output.
    @Test(arguments: [(DType.float32, 1e-5), (.bfloat16, 2e-2)])
    func mergedIsTheSameWithinRounding(dtype: DType, bound: Double) async throws {
        try await Self.withAdapter { path in
            try await withEngine {
                let folder = try ModelFolder(path: PipelineTests.checkpoint)
                let source = try folder.transformerSource(dtype, .cpu)
                let pairs = try AdapterFile(path: path).match(source).pairs
                @Engine func output(_ merged: Bool) throws -> [Double] {
                    var set = AdapterSet(merged: merged)
                    set.add(pairs, scale: 0.7)
                    return try forward(folder.transformer(source, dtype, .cpu, adapters: set), dtype)
                }
                let (beside, merged) = (try output(false), try output(true))
                let base = try forward(folder.transformer(source, dtype, .cpu), dtype)
                let difference = relativeDistance(merged, beside)
                print(
                    "merged and beside, \(dtype): \(difference); the adapter's effect: \(relativeDistance(beside, base))"
                )
                #expect(difference < bound)
                #expect(relativeDistance(beside, base) > 10 * bound)
            }
        }
    }

    @Test func switchingTakesTheSameTensors() async throws {
        try await Self.withAdapter { path in
            try await withEngine {
                let folder = try ModelFolder(path: PipelineTests.checkpoint)
                let source = try folder.transformerSource(.bfloat16, .cpu)
                let base = try folder.transformer(source, .bfloat16, .cpu)
                var set = AdapterSet()
                set.add(try AdapterFile(path: path).match(source).pairs, scale: 1)
                let adapted = try folder.transformer(source, .bfloat16, .cpu, adapters: set)
                let again = try folder.transformer(source, .bfloat16, .cpu)
                @Engine func memory(_ model: Transformer) throws -> [UnsafeRawPointer?] {
                    try model.layers.blocks.map { [$0.attention.output.memory, $0.feedForward.down.memory] }.flatMap {
                        $0
                    }
                }
                #expect(try memory(base) == memory(adapted) && memory(base) == memory(again))
                #expect(try forward(again, .bfloat16) == forward(base, .bfloat16))
                #expect(try forward(adapted, .bfloat16) != forward(base, .bfloat16))
            }
        }
    }

    /// The published architecture: any of its matrices can be adapted, and building it again takes little time.
    @Test func everyMatrixOfThePublishedArchitectureTakesAPair() async throws {
        struct Shapes: Decodable {
            struct Part: Decodable {
                let config: TransformerConfiguration
                let tensors: [String: [Int]]
            }
            let transformer: Part
        }
        let file = URL(fileURLWithPath: PipelineTests.checkpoint).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("official-shapes.json")
        let part = try JSONDecoder().decode(Shapes.self, from: Data(contentsOf: file)).transformer
        try await withEngine {
            let source = ResidentSource(ShapeSource(part.tensors, origin: "official-shapes.json"))
            _ = try Transformer(Weights(source), part.config)
            var pairs: [String: LowRankAdapter] = [:]
            for (name, shape) in part.tensors where name.hasSuffix(".weight") && shape.count == 2 {
                pairs[String(name.dropLast(7))] = LowRankAdapter(
                    down: try .zeros([16, shape[1]]), up: try .zeros([shape[0], 16]), scale: 1)
            }
            var set = AdapterSet()
            set.add(pairs, scale: 1)
            let weights = Weights(source, adapters: set)
            let time = try ContinuousClock().measure { _ = try Transformer(weights, part.config) }
            print("\(pairs.count) pairs; the full-size transformer is built again in \(time)")
            try weights.requireAllConsumed()
        }
    }
}

@Engine
private func forward(_ model: Transformer, _ dtype: DType) throws -> [Double] {
    let configuration = model.configuration
    let sample = Transformer.Sample(
        latent: try Tensor.randn([configuration.inChannels, 8, 6], Generator(seed: 1)).to(dtype), references: [],
        text: try Tensor.randn([7, configuration.textFeatureSize], Generator(seed: 2)).to(dtype), timestep: 0.25)
    return try model([sample])[0].doubles()
}

private func relativeDistance(_ a: [Double], _ b: [Double]) -> Double {
    let difference = zip(a, b).map { ($0 - $1) * ($0 - $1) }.reduce(0, +)
    return (difference / b.map { $0 * $0 }.reduce(0, +)).squareRoot()
}
