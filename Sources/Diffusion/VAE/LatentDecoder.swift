import Layers
import Torch

/// Latent [B, C, H, W] to image [B, 3, 8 H, 8 W].
///
/// Source: `Decoder` of diffusers' `autoencoders/vae.py`.
struct LatentDecoder {
    private let input, output: Convolution
    private let middle: MiddleBlock
    private let levels: [Level]
    private let norm: GroupNorm

    /// Residual blocks, then twice the size, but for the last.
    private struct Level {
        let blocks: [ResidualBlock]
        let upsampler: Convolution?
    }

    init(_ w: Weights, _ configuration: AutoencoderConfiguration) throws {
        let channels = Array(configuration.blockOutChannels.reversed())
        let (groups, last) = (configuration.normGroups, channels[channels.count - 1])
        input = try Convolution(w["conv_in"], configuration.latentChannels, channels[0])
        middle = try MiddleBlock(w["mid_block"], channels[0], groups: groups)
        levels = try channels.indices.map { level in
            let (w, outputs) = (w["up_blocks"][level], channels[level])
            let blocks = try (0...configuration.layersPerBlock).map { index in
                let inputs = index == 0 ? channels[max(level - 1, 0)] : outputs
                return try ResidualBlock(w["resnets"][index], inputs, outputs, groups: groups)
            }
            let upsampler = level == channels.count - 1 ? nil : w["upsamplers"][0]["conv"]
            return Level(blocks: blocks, upsampler: try upsampler.map { try Convolution($0, outputs, outputs) })
        }
        norm = try GroupNorm(
            w["conv_norm_out"], groups: groups, channels: last, epsilon: AutoencoderConfiguration.normEpsilon)
        output = try Convolution(w["conv_out"], last, configuration.outChannels)
    }

    func callAsFunction(_ latent: Tensor) throws -> Tensor {
        var x = try middle(FeatureMap(latent, input))
        for level in levels {
            for block in level.blocks { x = try block(x) }
            if let upsampler = level.upsampler { x = try x.upsampled(upsampler) }
        }
        return try x.output(output, after: norm)
    }
}
