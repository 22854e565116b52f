import Layers
import Torch

/// The FLUX autoencoder: images in -1...1 to latents an eighth the size, and back.
///
/// Source: diffusers' `AutoencoderKL`; scaling as in `omnigen2/pipelines/omnigen2/pipeline_omnigen2.py`.
package struct Autoencoder {
    package let configuration: AutoencoderConfiguration
    private let encoder: LatentEncoder
    private let decoder: LatentDecoder

    package init(_ w: Weights, _ configuration: AutoencoderConfiguration) throws {
        self.configuration = configuration
        encoder = try LatentEncoder(w["encoder"], configuration)
        decoder = try LatentDecoder(w["decoder"], configuration)
    }

    /// A diagonal Gaussian over latents, each [B, C, h, w].
    package struct Posterior {
        package let mean: Tensor
        package let logVariance: Tensor

        package init(mean: Tensor, logVariance: Tensor) {
            self.mean = mean
            self.logVariance = logVariance
        }

        /// mean + standard deviation * noise.
        package func sample(_ noise: Tensor) throws -> Tensor {
            try mean + (logVariance * 0.5).exp() * noise
        }
    }

    /// Range the original clamps the logarithm of the variance to.
    private static let logVarianceRange = -30.0...20.0

    /// image [B, 3, H, W] in -1...1.
    package func encode(_ image: Tensor) throws -> Posterior {
        let moments = try eachPicture(image, encoder.callAsFunction).chunks(2, 1)
        return Posterior(mean: moments[0], logVariance: try moments[1].clamped(Self.logVarianceRange))
    }

    /// Latents as the transformer takes them, to an image [B, 3, H, W] around -1...1.
    package func decode(_ latents: Tensor) throws -> Tensor {
        try decodeUnscaled(latents / configuration.scalingFactor + configuration.shiftFactor)
    }

    /// The decoder by itself.
    package func decodeUnscaled(_ latents: Tensor) throws -> Tensor {
        try eachPicture(latents, decoder.callAsFunction)
    }

    /// A batch as it is, or its pictures one after the other where that takes less memory.
    private func eachPicture(_ x: Tensor, _ body: (Tensor) throws -> Tensor) throws -> Tensor {
        guard FeatureMap.prefersSinglePictures(x) else { return try body(x) }
        // Strips come and go below the size from which an allocator returns memory by itself.
        defer { FreedMemory.giveBack() }
        if x.size(0) <= 1 { return try body(x) }
        return try Tensor.concatenated(x.split(Array(repeating: 1, count: x.size(0)), 0).map(body), 0)
    }

    /// Brings a latent of the posterior to the scale of the transformer.
    package func scaled(_ latents: Tensor) throws -> Tensor { try configuration.scaled(latents) }
}

extension AutoencoderConfiguration {
    /// Brings a latent of the posterior to the scale of the transformer.
    package func scaled(_ latents: Tensor) throws -> Tensor { try (latents - shiftFactor) * scalingFactor }
}
