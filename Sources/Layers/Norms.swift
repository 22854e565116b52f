import Torch

/// x / sqrt(mean(x^2) + epsilon) * weight over the last dimension.
package struct RMSNorm {
    package let weight: Tensor
    package let epsilon: Double

    package init(_ w: Weights, _ size: Int, epsilon: Double) throws {
        weight = try w.tensor("weight", size, initial: .ones)
        self.epsilon = epsilon
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        if let kernel = try NormKernel(self, x) { return try kernel.normed() }
        return try x.rmsNorm(weight, epsilon: epsilon)
    }

    /// norm(x) * (1 + scale), [T, D].
    package func scaled(_ x: PackedTokens, by scale: PerSequence) throws -> Tensor {
        if let kernel = try NormKernel(self, x.tokens, scale, x.lengths) { return try kernel.scaled() }
        return try self(x.tokens) * (scale.spread(over: x.lengths) + 1)
    }

    /// residual + tanh(gate) * norm(x), residual + norm(x) where there is no gate; [T, D].
    package func added(_ x: Tensor, to residual: PackedTokens, gate: PerSequence? = nil) throws -> Tensor {
        if let kernel = try NormKernel(self, x, gate, residual.lengths) { return try kernel.added(to: residual.tokens) }
        guard let gate else { return try residual.tokens + self(x) }
        return try residual.tokens + gate.table.tanh().spread(gate.rows, over: residual.lengths) * self(x)
    }
}

extension Tensor {
    fileprivate func spread(_ rows: [Int], over lengths: [Int]) throws -> Tensor {
        try PerSequence(self, rows: rows).spread(over: lengths)
    }
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
