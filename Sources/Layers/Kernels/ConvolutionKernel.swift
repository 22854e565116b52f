import CKernels
import Torch

/// A convolution of 3 x 3 and stride 1 over rows of pixels, with fewer products than it has weights.
package struct ConvolutionKernel {
    private let sizes: kernels_convolution
    /// As the kernel reads them.
    private let weights: Tensor
    private let bias: Tensor

    /// Fewer channels are left to libtorch: there is little to save.
    package static let fewestInputs = 16

    /// - Parameters:
    ///   - dtype: of the picture.
    ///   - isDoubled: whether the picture is seen twice as high and wide, each pixel copied.
    /// - Returns: `nil` when libtorch is to compute.
    init?(_ convolution: Convolution, of dtype: DType, isDoubled: Bool = false) throws {
        let (weight, inputs) = (convolution.weight, convolution.weight.size(1))
        guard convolution.isOfThreePixels, inputs >= Self.fewestInputs, weight.dtype == dtype, Kernels.take(weight)
        else { return nil }
        var sizes = kernels_convolution()
        sizes.format = weight.dtype == .bfloat16 ? KERNELS_BFLOAT16 : KERNELS_FLOAT32
        (sizes.inputs, sizes.outputs, sizes.doubled) = (inputs, convolution.outputs, isDoubled)
        weights = try Tensor.empty([kernels_convolution_size(&sizes)], dtype: .uint8)
        bias = try convolution.bias.to(.float32).contiguous()
        sizes.packed = try weights.mutableData()
        self.sizes = sizes
        let source = try weight.contiguous()
        try kernels_pack_convolution(&sizes, source.mutableData())
        withExtendedLifetime(source) {}
    }

    /// The convolution of some rows of x, or of silu(x) after its norm, plus a residual.
    ///
    /// - Parameters:
    ///   - rows: those that are seen, one above and one below the others included; zeros where they lie outside.
    ///   - residual: of the result's shape.
    /// - Returns: [rows, width, outputs], twice as high and wide if it is doubled.
    func callAsFunction(
        _ x: FeatureStrips, _ rows: Range<Int>, after factors: ChannelFactors? = nil, addedTo residual: Tensor? = nil
    ) throws -> Tensor {
        let zoom = sizes.doubled ? 2 : 1
        let shape = [zoom * (rows.count - 2), zoom * x.width, sizes.outputs]
        guard x.channels == sizes.inputs, factors.map({ $0.scale.count == sizes.inputs }) ?? true,
            residual.map({ $0.shape == shape }) ?? true
        else {
            throw TorchError.operation(
                name: "convolution", shapes: [[x.height, x.width, x.channels], residual?.shape ?? []],
                message: "expected \(sizes.inputs) channels, and a residual of \(shape)")
        }
        let result = try Tensor.empty(shape, dtype: x.dtype)
        let residual = try residual?.to(x.dtype).contiguous()
        let isDone = try x.addresses(rows).withUnsafeBufferPointer { addresses in
            try withFactors(factors) { scale, shift in
                var sizes = sizes
                var convolved = kernels_convolved()
                (convolved.rows, convolved.width, convolved.x) = (shape[0], x.width, addresses.baseAddress)
                (convolved.scale, convolved.shift) = (scale, shift)
                convolved.bias = try UnsafePointer(bias.elements(Float.self))
                convolved.residual = try residual.map { try UnsafeRawPointer($0.mutableData()) }
                convolved.y = try result.mutableData()
                return kernels_convolve(&sizes, &convolved)
            }
        }
        guard isDone else { throw TorchError.invalid("no memory for a convolution") }
        return withExtendedLifetime((x, weights, bias, residual)) { result }
    }

    private func withFactors<Result>(
        _ factors: ChannelFactors?, _ body: (UnsafePointer<Float>?, UnsafePointer<Float>?) throws -> Result
    ) rethrows -> Result {
        guard let factors else { return try body(nil, nil) }
        return try factors.scale.withUnsafeBufferPointer { scale in
            try factors.shift.withUnsafeBufferPointer { shift in try body(scale.baseAddress, shift.baseAddress) }
        }
    }
}
