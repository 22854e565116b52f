import Diffusion
import Foundation
import Layers
import Torch

@testable import Training

/// A transformer small enough to be trained in a test.
enum SmallTraining {
    static func configuration() throws -> TransformerConfiguration {
        let json = """
            {"patch_size": 2, "in_channels": 4, "hidden_size": 24, "num_layers": 2, "num_refiner_layers": 1,
             "num_attention_heads": 2, "num_kv_heads": 1, "multiple_of": 8, "norm_eps": 1e-5,
             "axes_dim_rope": [4, 4, 4], "axes_lens": [64, 32, 32], "text_feat_dim": 8, "timestep_scale": 1000}
            """
        return try JSONDecoder().decode(TransformerConfiguration.self, from: Data(json.utf8))
    }

    /// Random weights where training starts from zeros: behind a zero output layer nothing has a gradient.
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

    static func parameters(
        computing dtype: DType = .float32, lowRank: LowRankOptions? = nil
    ) throws -> Parameters {
        let configuration = try configuration()
        let build: (Weights) throws -> Void = { _ = try Transformer($0, configuration) }
        guard let lowRank else { return try Parameters(LivelySource(), computing: dtype, build: build) }
        return try Parameters(
            LivelySource(), computing: dtype, lowRank: lowRank, seed: 3, initial: LivelySource(), build: build)
    }

    static func noise(_ shape: [Int], _ seed: UInt64) throws -> Tensor {
        try Tensor.randn(shape, Generator(seed: seed))
    }

    /// Two samples of different sizes, one with references.
    static func batch(_ seed: UInt64 = 0) throws -> [FlowMatchingLoss.Sample] {
        [
            .init(latent: try noise([4, 4, 6], seed + 1), text: try noise([3, 8], seed + 2)),
            .init(
                latent: try noise([4, 2, 4], seed + 3),
                references: [try noise([4, 4, 4], seed + 4), try noise([4, 2, 6], seed + 5)],
                text: try noise([5, 8], seed + 6)),
        ]
    }

    static func options(
        rate: Double = 1e-2, recomputing: Bool = false, averaging: Double? = nil
    ) -> Trainer<FlowMatchingLoss>.Options {
        var options = Trainer<FlowMatchingLoss>.Options(schedule: LearningRateSchedule(rate: rate, warmUp: 2))
        options.recomputesBlocks = recomputing
        options.averageDecay = averaging
        return options
    }

    static func trainer(
        _ parameters: Parameters, _ options: Trainer<FlowMatchingLoss>.Options, seed: UInt64 = 5
    ) throws -> Trainer<FlowMatchingLoss> {
        try Trainer(parameters, FlowMatchingLoss(configuration()), options, seed: seed)
    }

    static func values(_ parameters: Parameters) throws -> [[Float]] {
        try parameters.list.map { try $0.value.detached().floats() }
    }
}

/// |a - b| / |b| over all numbers.
func relativeDistance(_ a: [[Float]], _ b: [[Float]]) -> Double {
    let pairs = zip(a.joined(), b.joined())
    let difference = pairs.reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let size = b.joined().reduce(0.0) { $0 + Double($1) * Double($1) }
    return (difference / size).squareRoot()
}
