import Torch

/// y = x W^T + b, and what adapters add. x [..., inputs], y [..., outputs].
package struct Linear {
    package let weight: Tensor  // [outputs, inputs]
    package let bias: Tensor?  // [outputs]
    package let adapters: [LowRankAdapter]

    package init(
        _ w: Weights, _ inputs: Int, _ outputs: Int, bias: Bool = true, initial: InitialValue = .xavier
    ) throws {
        (weight, adapters) = try w.adapted(outputs, inputs, initial: initial)
        self.bias = bias ? try w.tensor("bias", outputs, initial: initial.ofBias) : nil
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        try adapters.reduce(x.linear(weight, bias)) { y, adapter in try y + adapter(x) }
    }
}
