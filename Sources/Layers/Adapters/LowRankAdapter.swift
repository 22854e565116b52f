import Torch

/// What an adapter adds to a linear layer: y += up(down(x)) * scale.
package struct LowRankAdapter {
    package let down: Tensor  // [rank, inputs]
    package let up: Tensor  // [outputs, rank]
    package let scale: Double
    /// Acts on x, in training only.
    package let dropout: Dropout?

    package init(down: Tensor, up: Tensor, scale: Double, dropout: Dropout? = nil) {
        self.down = down
        self.up = up
        self.scale = scale
        self.dropout = dropout
    }

    package var rank: Int { down.size(0) }

    /// x [..., inputs] to [..., outputs].
    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        let input = try dropout.map { try $0(x) } ?? x
        let product = try input.linear(down, nil).linear(up, nil)
        return scale == 1 ? product : try product * scale
    }

    /// up down * scale [outputs, inputs], in float32 whatever the pair's type.
    package func delta() throws -> Tensor {
        let inputs = try down.to(.float32).transposed(0, 1).contiguous()  // [inputs, rank]
        return try up.to(.float32).linear(inputs, nil) * scale
    }

    func converted(_ dtype: DType, _ device: Device) throws -> LowRankAdapter {
        LowRankAdapter(
            down: try down.to(dtype).to(device), up: try up.to(dtype).to(device), scale: scale, dropout: dropout)
    }

    package func scaled(by factor: Double) -> LowRankAdapter {
        LowRankAdapter(down: down, up: up, scale: scale * factor, dropout: dropout)
    }
}
