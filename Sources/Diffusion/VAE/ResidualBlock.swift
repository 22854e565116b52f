import Layers
import Torch

/// x + conv(silu(norm(conv(silu(norm(x)))))), with a 1x1 convolution on x where the channels change.
///
/// Source: `ResnetBlock2D` of diffusers.
struct ResidualBlock {
    private let firstNorm, secondNorm: GroupNorm
    private let first, second: Convolution
    private let shortcut: Convolution?

    init(_ w: Weights, _ inputs: Int, _ outputs: Int, groups: Int) throws {
        let epsilon = AutoencoderConfiguration.normEpsilon
        firstNorm = try GroupNorm(w["norm1"], groups: groups, channels: inputs, epsilon: epsilon)
        first = try Convolution(w["conv1"], inputs, outputs)
        secondNorm = try GroupNorm(w["norm2"], groups: groups, channels: outputs, epsilon: epsilon)
        second = try Convolution(w["conv2"], outputs, outputs)
        shortcut =
            inputs == outputs ? nil : try Convolution(w["conv_shortcut"], inputs, outputs, kernel: 1, padding: 0)
    }

    func callAsFunction(_ x: consuming FeatureMap) throws -> FeatureMap {
        let hidden = try x.convolved(first, after: firstNorm)
        return try hidden.convolved(second, after: secondNorm, addedTo: x, through: shortcut)
    }
}

/// Attention of every pixel to every pixel, one head.
///
/// Source: the mid block's `Attention` of diffusers.
struct PixelAttention {
    private let norm: GroupNorm
    private let query, key, value, output: Linear

    init(_ w: Weights, _ channels: Int, groups: Int) throws {
        norm = try GroupNorm(
            w["group_norm"], groups: groups, channels: channels, epsilon: AutoencoderConfiguration.normEpsilon)
        func linear(_ w: Weights) throws -> Linear {
            try Linear(w, channels, channels, initial: .uniform(inputs: channels))
        }
        query = try linear(w["to_q"])
        key = try linear(w["to_k"])
        value = try linear(w["to_v"])
        output = try linear(w["to_out"][0])
    }

    func callAsFunction(_ x: consuming FeatureMap) throws -> FeatureMap {
        try x.changed(after: norm) { pixels in  // [B, H W, C]
            func oneHead(_ linear: Linear) throws -> Tensor { try linear(pixels).unsqueezed(2) }  // [B, H W, 1, C]
            return try output(attention(oneHead(query), oneHead(key), oneHead(value)))
        }
    }
}

/// The deepest level of encoder and decoder.
struct MiddleBlock {
    private let first, second: ResidualBlock
    private let attention: PixelAttention

    init(_ w: Weights, _ channels: Int, groups: Int) throws {
        first = try ResidualBlock(w["resnets"][0], channels, channels, groups: groups)
        attention = try PixelAttention(w["attentions"][0], channels, groups: groups)
        second = try ResidualBlock(w["resnets"][1], channels, channels, groups: groups)
    }

    func callAsFunction(_ x: consuming FeatureMap) throws -> FeatureMap { try second(attention(first(x))) }
}
