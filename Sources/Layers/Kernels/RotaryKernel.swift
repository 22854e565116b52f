import CKernels
import Torch

/// Rotary positions by our own kernel, with the norm of heads before them.
struct RotaryKernel {
    private let x, cosine, sine: Tensor
    private let norm: RMSNorm?
    private let sizes: kernels_rotary

    private static let largestHead: Int32 = 256

    /// - Parameters:
    ///   - x: [1, T, H, D].
    ///   - positions: a row for each token.
    /// - Returns: `nil` when libtorch is to compute.
    init?(_ x: Tensor, _ positions: RotaryPositions, _ norm: RMSNorm?) throws {
        guard Kernels.take(x, norm?.weight), positions.cosine.device == .cpu, x.count > 0 else { return nil }
        let (shape, strides) = (x.shape, x.strides)
        let isDense = strides[3] == 1 && strides[2] == shape[3] && shape[0] == 1
        self.x = isDense ? x : try x.contiguous()
        cosine = try positions.cosine.contiguous()
        sine = try positions.sine.contiguous()
        self.norm = norm
        let width = shape[2] * shape[3]
        sizes = kernels_rotary(
            tokens: Int32(shape[0] * shape[1]), heads: Int32(shape[2]), head_size: Int32(shape[3]),
            input_stride: isDense ? strides[1] : width, output_stride: width, table_stride: shape[3] / 2,
            epsilon: Float(norm?.epsilon ?? 0))
        guard sizes.head_size % 2 == 0, sizes.head_size <= Self.largestHead,
            positions.cosine.size(0) == Int(sizes.tokens)
        else { return nil }
    }

    /// Rotates elements 2j with 2j + 1, as the diffusion transformer does.
    func pairs() throws -> Tensor {
        try run(kernels_rotate_pairs_bfloat16, kernels_rotate_pairs_float32)
    }

    /// Rotates elements j with j + D / 2, as Qwen does.
    func halves() throws -> Tensor {
        try run(kernels_rotate_halves_bfloat16, kernels_rotate_halves_float32)
    }

    private typealias Rotation<Element> = (
        UnsafePointer<kernels_rotary>?, UnsafePointer<Element>?, UnsafePointer<Element>?, UnsafePointer<Float>?,
        UnsafePointer<Float>?, UnsafeMutablePointer<Element>?
    ) -> Void

    private func run(_ bfloat16: Rotation<UInt16>, _ float32: Rotation<Float>) throws -> Tensor {
        let output = try ResultMemory.tensor(x.shape, x.dtype)
        var sizes = sizes
        let (cosine, sine) = (try cosine.elements(Float.self), try sine.elements(Float.self))
        switch x.dtype {
        case .bfloat16:
            try bfloat16(
                &sizes, x.elements(UInt16.self), norm?.weight.elements(UInt16.self), cosine, sine,
                output.elements(UInt16.self))
        default:
            try float32(
                &sizes, x.elements(Float.self), norm?.weight.elements(Float.self), cosine, sine,
                output.elements(Float.self))
        }
        return output
    }
}
