import Torch

/// y = x W^T + b. x [..., inputs], y [..., outputs].
package struct Linear {
    package let weight: Tensor  // [outputs, inputs]
    package let bias: Tensor?  // [outputs]

    package init(
        _ w: Weights, _ inputs: Int, _ outputs: Int, bias: Bool = true, initial: InitialValue = .xavier
    ) throws {
        weight = try w.tensor("weight", outputs, inputs, initial: initial)
        self.bias = bias ? try w.tensor("bias", outputs, initial: .zeros) : nil
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor { try x.linear(weight, bias) }
}
