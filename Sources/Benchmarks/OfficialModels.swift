import Diffusion
import Layers
import OmniGen2
import QwenVL
import Torch

/// The models at their published size, of random weights: the one place where they are built.
struct OfficialModels {
    let numbers: ModelNumbers
    private let source: PooledSource

    private static let seed: UInt64 = 0

    init(_ numbers: ModelNumbers) throws {
        self.numbers = numbers
        source = try PooledSource(seed: Self.seed)
    }

    private var weights: Weights { Weights(source, dtype: numbers.dtype, storage: numbers.storage) }

    func transformer() throws -> Transformer {
        try Transformer(weights, PublishedConfiguration.transformer.decoded(TransformerConfiguration.self))
    }

    func autoencoder() throws -> Autoencoder {
        try Autoencoder(weights, PublishedConfiguration.autoencoder.decoded(AutoencoderConfiguration.self))
    }

    func languageModel() throws -> LanguageModel { try LanguageModel(weights, Self.languageModelConfiguration()) }

    func visionTower() throws -> VisionTower {
        try VisionTower(weights["visual"], Self.languageModelConfiguration().vision)
    }

    private static func languageModelConfiguration() throws -> LanguageModelConfiguration {
        try PublishedConfiguration.languageModel.decoded(LanguageModelConfiguration.self)
    }

    /// Normal numbers for an input, in the number type of the models.
    func input(_ name: String, _ shape: [Int]) throws -> Tensor { try source.normal(name, shape).to(numbers.dtype) }

    /// What bounds products in this number type.
    var peak: MachinePeak { numbers.peak }
}

extension Tensor {
    /// - Throws: `BenchmarkError` when a result holds what is no number: something is wrong, and its time means nothing.
    func requireNumbers(_ name: String) throws {
        guard let mean = try to(.float32).mean().floats().first, mean.isFinite else {
            throw BenchmarkError("\(name): the result holds values that are no numbers")
        }
    }
}
