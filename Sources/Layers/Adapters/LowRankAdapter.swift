import Torch

/// What an adapter adds to a linear layer: y += up(down(x)) * scale.
package struct LowRankAdapter {
    package let down: Tensor  // [rank, inputs]
    package let up: Tensor  // [outputs, rank]
    package let scale: Double

    package init(down: Tensor, up: Tensor, scale: Double) {
        self.down = down
        self.up = up
        self.scale = scale
    }

    package var rank: Int { down.size(0) }

    /// x [..., inputs] to [..., outputs].
    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        let product = try x.linear(down, nil).linear(up, nil)
        return scale == 1 ? product : try product * scale
    }

    /// up down * scale [outputs, inputs], in float32 whatever the pair's type.
    package func delta() throws -> Tensor {
        let inputs = try down.to(.float32).transposed(0, 1).contiguous()  // [inputs, rank]
        return try up.to(.float32).linear(inputs, nil) * scale
    }

    func converted(_ dtype: DType, _ device: Device) throws -> LowRankAdapter {
        LowRankAdapter(down: try down.to(dtype).to(device), up: try up.to(dtype).to(device), scale: scale)
    }

    package func scaled(by factor: Double) -> LowRankAdapter {
        LowRankAdapter(down: down, up: up, scale: scale * factor)
    }
}
