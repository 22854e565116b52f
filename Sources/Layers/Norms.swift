import Torch

/// x / sqrt(mean(x^2) + epsilon) * weight over the last dimension.
package struct RMSNorm {
    package let weight: Tensor
    package let epsilon: Double

    package init(_ w: Weights, _ size: Int, epsilon: Double) throws {
        weight = try w.tensor("weight", size, initial: .ones)
        self.epsilon = epsilon
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor { try x.rmsNorm(weight, epsilon: epsilon) }
}

/// Normalises groups of channels of x [B, C, H, W], then scales and shifts each channel.
package struct GroupNorm {
    let groups: Int
    let weight: Tensor
    let bias: Tensor
    let epsilon: Double

    package init(_ w: Weights, groups: Int, channels: Int, epsilon: Double) throws {
        self.groups = groups
        weight = try w.tensor("weight", channels, initial: .ones)
        bias = try w.tensor("bias", channels, initial: .zeros)
        self.epsilon = epsilon
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        try x.groupNorm(groups, weight, bias, epsilon: epsilon)
    }
}
