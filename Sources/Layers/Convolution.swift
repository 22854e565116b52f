import Torch

/// A square 2-D convolution. x [B, inputs, H, W].
package struct Convolution {
    let weight: Tensor  // [outputs, inputs, kernel, kernel]
    let bias: Tensor
    let stride: Int
    let padding: Int

    package init(
        _ w: Weights, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Int = 1
    ) throws {
        let initial = InitialValue.uniform(inputs: inputs * kernel * kernel)
        weight = try w.tensor("weight", outputs, inputs, kernel, kernel, initial: initial)
        bias = try w.tensor("bias", outputs, initial: initial.ofBias)
        self.stride = stride
        self.padding = padding
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        try x.convolved(weight, bias, stride: stride, padding: padding)
    }
}
