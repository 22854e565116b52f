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

    private init(weight: Tensor, bias: Tensor, stride: Int, padding: Int) {
        (self.weight, self.bias, self.stride, self.padding) = (weight, bias, stride, padding)
    }

    var outputs: Int { bias.count }

    /// Whether it sees a pixel and those around it, and keeps the size.
    var isOfThreePixels: Bool { weight.size(2) == 3 && stride == 1 && padding == 1 }

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        try convolved(x, padding: (padding, padding))
    }

    /// The same of pixels [H, W, inputs] to [H, W, outputs], where nothing is put above and below: rows at the edges are
    /// there for their neighbours.
    func ofPixels(_ x: Tensor) throws -> Tensor {
        // In this order, so that libtorch knows the format "channels last" by the strides.
        try convolved(x.unsqueezed(0).permuted(0, 3, 1, 2), padding: (0, padding))
            .permuted(0, 2, 3, 1).selected(0, 0)
    }

    private func convolved(_ x: Tensor, padding: (Int, Int)) throws -> Tensor {
        guard x.dtype == .bfloat16, x.device == .cpu, Kernels.convolutionsAreInFloat32 else {
            return try x.convolved(weight, bias, stride: stride, padding: padding)
        }
        return try x.to(.float32)
            .convolved(weight.to(.float32), bias.to(.float32), stride: stride, padding: padding).to(.bfloat16)
    }

    /// This convolution of 3 x 3 over a picture whose pixels are 2 x 2 copies each, as one of 2 x 2 over the pixels: that of
    /// the copies in a row and a column (0 or 1). It begins at the pixel before for 0, at the pixel itself for 1.
    func overCopies(row: Int, column: Int) throws -> Convolution {
        func joined(_ weight: Tensor, _ dimension: Int, _ place: Int) throws -> Tensor {
            let taps = try weight.split([1, 1, 1], dimension)
            return try Tensor.concatenated(
                place == 0 ? [taps[0], taps[1] + taps[2]] : [taps[0] + taps[1], taps[2]], dimension)
        }
        let sums = try joined(joined(weight.to(.float32), 2, row), 3, column)
        return Convolution(weight: try sums.to(weight.dtype), bias: bias, stride: stride, padding: padding)
    }
}
