import Layers
import Torch

/// Image [B, 3, H, W] to the moments of the latent's distribution [B, 2 C, H / 8, W / 8].
///
/// Source: `Encoder` of diffusers' `autoencoders/vae.py`.
struct LatentEncoder {
    private let input, output: Convolution
    private let levels: [Level]
    private let middle: MiddleBlock
    private let norm: GroupNorm

    /// Residual blocks, then half the size, but for the last.
    private struct Level {
        let blocks: [ResidualBlock]
        let downsampler: Convolution?
    }

    init(_ w: Weights, _ configuration: AutoencoderConfiguration) throws {
        let channels = configuration.blockOutChannels
        let (groups, deepest) = (configuration.normGroups, channels[channels.count - 1])
        input = try Convolution(w["conv_in"], configuration.inChannels, channels[0])
        levels = try channels.indices.map { level in
            let (w, outputs) = (w["down_blocks"][level], channels[level])
            let blocks = try (0..<configuration.layersPerBlock).map { index in
                let inputs = index == 0 ? channels[max(level - 1, 0)] : outputs
                return try ResidualBlock(w["resnets"][index], inputs, outputs, groups: groups)
            }
            let isLast = level == channels.count - 1
            let downsampler = isLast ? nil : w["downsamplers"][0]["conv"]
            return Level(
                blocks: blocks,
                downsampler: try downsampler.map { try Convolution($0, outputs, outputs, stride: 2, padding: 0) })
        }
        middle = try MiddleBlock(w["mid_block"], deepest, groups: groups)
        norm = try GroupNorm(
            w["conv_norm_out"], groups: groups, channels: deepest, epsilon: AutoencoderConfiguration.normEpsilon)
        output = try Convolution(w["conv_out"], deepest, 2 * configuration.latentChannels)
    }

    func callAsFunction(_ image: Tensor) throws -> Tensor {
        var x = try FeatureMap(image, input)
        for level in levels {
            for block in level.blocks { x = try block(x) }
            // The original pads right and below only.
            if let downsampler = level.downsampler { x = try x.downsampled(downsampler) }
        }
        return try middle(x).output(output, after: norm)
    }
}
