import Foundation
import Layers
import Testing
import Torch

@testable import Diffusion

/// Rounding of float32 sums in another order, over the depth of a tiny transformer.
let accumulationTolerance: Float = 2e-5

func tinyTransformerConfiguration() throws -> TransformerConfiguration {
    let json = """
        {"patch_size": 2, "in_channels": 4, "hidden_size": 48, "num_layers": 2, "num_refiner_layers": 1,
         "num_attention_heads": 2, "num_kv_heads": 1, "multiple_of": 16, "norm_eps": 1e-5,
         "axes_dim_rope": [8, 8, 8], "axes_lens": [64, 32, 32], "text_feat_dim": 16, "timestep_scale": 1000}
        """
    return try JSONDecoder().decode(TransformerConfiguration.self, from: Data(json.utf8))
}

/// Random weights where training starts from zeros: a zero output layer would make every test pass.
final class LivelySource: WeightSource {
    private let random = RandomSource(seed: 7)
    var origin: String { "test" }
    var names: [String]? { nil }
    func shape(of name: String) -> [Int]? { nil }
    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        if case .zeros = initial { return try random.tensor(name, shape, initial: .normal(0.2)) }
        return try random.tensor(name, shape, initial: initial)
    }
}

/// A feed-forward's weights, of which a calibrator wants to know the shapes.
private final class FeedForwardSource: WeightSource {
    private let weights = LivelySource()
    private let inner: Int
    var origin: String { weights.origin }
    var names: [String]? { nil }

    init(inner: Int) { self.inner = inner }

    func shape(of name: String) -> [Int]? { name.hasPrefix("linear_2") ? [48, inner] : [inner, 48] }
    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        try weights.tensor(name, shape, initial: initial)
    }
}

func noise(_ shape: [Int], _ seed: UInt64) throws -> Tensor { try Tensor.randn(shape, Generator(seed: seed)) }

private func sample(
    _ height: Int, _ width: Int, text: Int, references: [(Int, Int)], time: Float, seed: UInt64
) throws -> Transformer.Sample {
    Transformer.Sample(
        latent: try noise([4, height, width], seed),
        references: try references.enumerated().map { try noise([4, $1.0, $1.1], seed + 100 + UInt64($0)) },
        text: try noise([text, 16], seed + 50), timestep: time)
}

func largestDifference(_ a: Tensor, _ b: Tensor) throws -> Float {
    try zip(a.floats(), b.floats()).map { abs($0 - $1) }.max() ?? .infinity
}

@Suite struct TransformerTests {
    @Test func aRaggedBatchEqualsItsSamplesOneByOne() async throws {
        try await withEngine {
            let model = try Transformer(Weights(LivelySource()), tinyTransformerConfiguration())
            let samples = [
                try sample(4, 6, text: 5, references: [], time: 0.1, seed: 1),
                try sample(8, 4, text: 3, references: [(4, 4), (6, 2)], time: 0.7, seed: 2),
                try sample(4, 4, text: 7, references: [(2, 8)], time: 0.1, seed: 3),
            ]
            let together = try model(samples)
            for (index, sample) in samples.enumerated() {
                let alone = try model([sample])[0]
                #expect(together[index].shape == sample.latent.shape)
                let difference = try largestDifference(together[index], alone)
                #expect(difference < accumulationTolerance)
            }
        }
    }

    @Test func theOrderOfReferencesMatters() async throws {
        try await withEngine {
            let model = try Transformer(Weights(LivelySource()), tinyTransformerConfiguration())
            let first = try sample(4, 4, text: 3, references: [(4, 4), (4, 4)], time: 0.5, seed: 1)
            let swapped = Transformer.Sample(
                latent: first.latent, references: first.references.reversed(), text: first.text, timestep: 0.5)
            let difference = try largestDifference(model([first])[0], model([swapped])[0])
            #expect(difference > 100 * accumulationTolerance)
        }
    }

    @Test(.enabled(if: Kernels.arePreferred), arguments: [WeightStorage.packed, .int8, .int4])
    func theInnerLayerInPartsGivesTheSameBits(storage: WeightStorage) async throws {
        try await withEngine {
            let weights = Weights(LivelySource(), dtype: .bfloat16, storage: storage)
            let feedForward = try FeedForward(weights, tinyTransformerConfiguration())
            let x = try noise([4500, 48], 1).to(.bfloat16)
            let (inParts, whole) = (try feedForward(x), try feedForward.down(feedForward.gated(x)))
            let (parts, expected) = (try inParts.floats(), try whole.floats())
            #expect(parts == expected)
        }
    }

    /// What the first part alone would say of the weights is not what all rows say.
    @Test(.enabled(if: Kernels.arePreferred)) func theInnerLayerIsCalibratedWithAllRows() async throws {
        try await withEngine {
            let x = try Tensor.concatenated([noise([2500, 48], 1), noise([2500, 48], 2) * 8], 0).to(.bfloat16)
            func calibrated(_ compute: (FeedForward, Tensor) throws -> Tensor) throws -> [Float] {
                let configuration = try tinyTransformerConfiguration()
                let source = FeedForwardSource(inner: configuration.feedForwardSize)
                let packing = PackingSource(source, calibrator: Calibrator(source) { _ in })
                let weights = Weights(packing, dtype: .bfloat16, storage: .int4)
                let feedForward = try FeedForward(weights, configuration)
                _ = try compute(feedForward, x)
                return try feedForward(x).floats()
            }
            let (some, all) = (try calibrated { try $0($1) }, try calibrated { try $0.down($0.gated($1)) })
            #expect(some == all)
            let few = try calibrated { try $0.down($0.gated($1.narrowed(0, 0..<2048))) }
            #expect(few != all)
        }
    }

    @Test func theInnerLayerInPartsIsTheWholeWithLibtorch() async throws {
        try await withEngine {
            let feedForward = try FeedForward(Weights(LivelySource()), tinyTransformerConfiguration())
            let x = try noise([4500, 48], 1)
            let whole = try feedForward.down(feedForward.gated(x))
            #expect(try largestDifference(feedForward(x), whole) < accumulationTolerance)
            #expect(try withGradients { try largestDifference(feedForward(x), whole) } < accumulationTolerance)
        }
    }

    @Test func sixReferencesAndOddSidesAreErrorsInWords() async throws {
        try await withEngine {
            let model = try Transformer(Weights(LivelySource()), tinyTransformerConfiguration())
            let many = try sample(4, 4, text: 3, references: Array(repeating: (2, 2), count: 6), time: 0, seed: 1)
            let manyError = #expect(throws: ConfigurationError.self) { try model([many]) }
            #expect(manyError?.description == "at most 5 reference images, got 6")
            let odd = try sample(4, 5, text: 3, references: [], time: 0, seed: 1)
            let oddError = #expect(throws: ConfigurationError.self) { try model([odd]) }
            #expect(oddError?.description.contains("4x5") == true)
        }
    }

    @Test func aPromptBeyondTheRotaryTableIsAnErrorInWords() async throws {
        try await withEngine {
            let model = try Transformer(Weights(LivelySource()), tinyTransformerConfiguration())
            let long = try sample(4, 4, text: 64, references: [], time: 0, seed: 1)
            let error = #expect(throws: ConfigurationError.self) { try model([long]) }
            #expect(error?.description.contains("axes_lens [64, 32, 32]") == true)
        }
    }

    @Test func patchesJoinToWhatTheyWereCutFrom() async throws {
        try await withEngine {
            let latent = try noise([4, 6, 8], 1)
            let joined = try Patches.join(Patches.cut(latent, 2), 2, Patches.grid(latent, 2))
            let (back, original) = (try joined.floats(), try latent.floats())
            #expect(back == original)
        }
    }

    @Test func aConfigurationThatCannotBeBuiltSaysWhy() throws {
        let json = """
            {"patch_size": 2, "in_channels": 4, "hidden_size": 50, "num_layers": 2, "num_refiner_layers": 1,
             "num_attention_heads": 3, "num_kv_heads": 1, "multiple_of": 16, "norm_eps": 1e-5,
             "axes_dim_rope": [8, 8, 8], "axes_lens": [64, 32, 32], "text_feat_dim": 16}
            """
        let error = #expect(throws: ConfigurationError.self) {
            try JSONDecoder().decode(TransformerConfiguration.self, from: Data(json.utf8))
        }
        #expect(error?.description.contains("hidden_size 50") == true)
    }
}
