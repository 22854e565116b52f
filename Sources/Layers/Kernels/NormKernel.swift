import CKernels
import Torch

/// An RMSNorm by our own kernel, together with what follows it.
struct NormKernel {
    private let x, weight: Tensor
    private let shape: [Int]
    private let stride, rowCount: Int
    private let epsilon: Float
    private let table: Tensor?
    private let tableStride: Int
    private let rangeLengths, tableRows: [Int32]

    /// - Parameters:
    ///   - x: [..., D].
    ///   - table: scales or gates of sequences of these lengths, which are all rows of x.
    /// - Returns: `nil` when libtorch is to compute.
    init?(_ norm: RMSNorm, _ x: Tensor, _ table: PerSequence? = nil, _ lengths: [Int] = []) throws {
        guard Kernels.take(x, norm.weight, table?.table), x.count > 0 else { return nil }
        shape = x.shape
        (self.x, stride) = try x.kernelRows()
        rowCount = x.count / norm.weight.count
        weight = norm.weight
        epsilon = Float(norm.epsilon)
        if let table {
            (self.table, tableStride) = try table.table.kernelRows()
        } else {
            (self.table, tableStride) = (nil, 0)
        }
        // All rows take row 0 of a single one.
        let ranged = (table?.table.size(0) ?? 1) > 1
        rangeLengths = ranged ? lengths.map(Int32.init) : []
        tableRows = ranged ? table?.rows.map(Int32.init) ?? [] : []
    }

    func normed() throws -> Tensor {
        try run(nil) { sizes, output, _ in
            switch x.dtype {
            case .bfloat16:
                try kernels_rms_norm_bfloat16(
                    &sizes, x.elements(UInt16.self), weight.elements(UInt16.self), output.elements(UInt16.self))
            default:
                try kernels_rms_norm_float32(
                    &sizes, x.elements(Float.self), weight.elements(Float.self), output.elements(Float.self))
            }
        }
    }

    func scaled() throws -> Tensor {
        try run(nil) { sizes, output, _ in
            switch x.dtype {
            case .bfloat16:
                try kernels_modulated_rms_norm_bfloat16(
                    &sizes, x.elements(UInt16.self), weight.elements(UInt16.self), table?.elements(UInt16.self),
                    output.elements(UInt16.self))
            default:
                try kernels_modulated_rms_norm_float32(
                    &sizes, x.elements(Float.self), weight.elements(Float.self), table?.elements(Float.self),
                    output.elements(Float.self))
            }
        }
    }

    func added(to residual: Tensor) throws -> Tensor {
        try run(residual) { sizes, output, residual in
            switch x.dtype {
            case .bfloat16:
                try kernels_gated_rms_norm_bfloat16(
                    &sizes, residual?.elements(UInt16.self), table?.elements(UInt16.self), x.elements(UInt16.self),
                    weight.elements(UInt16.self), output.elements(UInt16.self))
            default:
                try kernels_gated_rms_norm_float32(
                    &sizes, residual?.elements(Float.self), table?.elements(Float.self), x.elements(Float.self),
                    weight.elements(Float.self), output.elements(Float.self))
            }
        }
    }

    private func run(
        _ residual: Tensor?, _ kernel: (inout kernels_norm, _ output: Tensor, _ residual: Tensor?) throws -> Void
    ) throws -> Tensor {
        let output = try ResultMemory.tensor(shape, x.dtype)
        let residualRows = try residual?.kernelRows()
        try rangeLengths.withUnsafeBufferPointer { lengths in
            try tableRows.withUnsafeBufferPointer { rows in
                var sizes = kernels_norm(
                    rows: Int32(rowCount), columns: Int32(weight.count), input_stride: stride,
                    residual_stride: residualRows?.stride ?? 0, output_stride: weight.count, epsilon: epsilon,
                    ranges: Int32(lengths.count), range_lengths: lengths.isEmpty ? nil : lengths.baseAddress,
                    table_rows: rows.isEmpty ? nil : rows.baseAddress, table_stride: tableStride)
                try kernel(&sizes, output, residualRows?.tensor)
            }
        }
        return output
    }
}
