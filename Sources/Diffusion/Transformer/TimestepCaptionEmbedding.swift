import Layers
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Embeds the time and projects text features to the width of the transformer.
///
/// Source: `Lumina2CombinedTimestepCaptionEmbedding` of `omnigen2/models/transformers/block_lumina2.py`.
package struct TimestepCaptionEmbedding {
    private let first, second: Linear
    private let captionNorm: RMSNorm
    private let caption: Linear
    private let scale: Float

    /// Cosines and sines of this many frequencies each.
    private static let frequencyCount = 128

    init(_ w: Weights, _ configuration: TransformerConfiguration) throws {
        let time = w["timestep_embedder"]
        first = try Linear(
            time["linear_1"], 2 * Self.frequencyCount, configuration.timeSize, leastBits: 16, initial: .normal(0.02))
        second = try Linear(
            time["linear_2"], configuration.timeSize, configuration.timeSize, leastBits: 16, initial: .normal(0.02))
        let text = w["caption_embedder"]
        captionNorm = try RMSNorm(text[0], configuration.textFeatureSize, epsilon: configuration.normEpsilon)
        caption = try Linear(
            text[1], configuration.textFeatureSize, configuration.hiddenSize, leastBits: 16, initial: .normal(0.02))
        scale = Float(configuration.timestepScale)
    }

    /// Sinusoids of scale * t, cosines first, float32 [R, 256].
    package func sinusoids(_ timesteps: [Float]) throws -> Tensor {
        let frequencies = (0..<Self.frequencyCount).map { index -> Float in
            exp(-log(Float(10000)) * Float(index) / Float(Self.frequencyCount))
        }
        var values: [Float] = []
        for timestep in timesteps {
            let angles = frequencies.map { scale * (timestep * $0) }
            values += angles.map { cos($0) } + angles.map { sin($0) }
        }
        return try Tensor(values, [timesteps.count, 2 * Self.frequencyCount])
    }

    /// timesteps in 0...1, result [R, timeSize].
    package func time(_ timesteps: [Float]) throws -> Tensor {
        try second(first(sinusoids(timesteps).to(captionNorm.weight.dtype).to(captionNorm.weight.device)).silu())
    }

    /// text [T, textFeatureSize], result [T, D].
    package func text(_ features: Tensor) throws -> Tensor { try caption(captionNorm(features)) }
}
