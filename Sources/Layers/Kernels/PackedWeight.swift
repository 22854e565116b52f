import CKernels
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Weights of a linear layer [outputs, inputs] in the order in which our kernels read them, or two of one shape, gate and
/// up, whose product is silu(gate x) * up x.
package final class PackedWeight {
    package let outputs, inputs: Int
    /// What it multiplies, and what comes out.
    private let dtype: DType
    private var description: kernels_weight

    /// Which of its matrices is packed.
    enum Part {
        case whole, gate, up

        fileprivate var code: kernels_part {
            switch self {
            case .whole: KERNELS_WHOLE
            case .gate: KERNELS_GATE
            case .up: KERNELS_UP
            }
        }
    }

    /// Memory for weights that `pack` then fills.
    ///
    /// - Throws: `TorchError.invalid` when memory is short or there are no kernels for the number type.
    init(outputs: Int, inputs: Int, dtype: DType, isQuantized: Bool, isGated: Bool) throws {
        guard outputs > 0, inputs > 0 else { throw TorchError.invalid("a weight of \(outputs)x\(inputs) is empty") }
        guard dtype == .bfloat16 || dtype == .float32 && !isQuantized else {
            throw TorchError.invalid("\(isQuantized ? "quantized" : "packed") weights cannot multiply \(dtype)")
        }
        (self.outputs, self.inputs, self.dtype) = (outputs, inputs, dtype)
        let format = isQuantized ? KERNELS_INT8 : dtype == .bfloat16 ? KERNELS_BFLOAT16 : KERNELS_FLOAT32
        description = kernels_weight(
            format: format, outputs: outputs, inputs: inputs, group: inputs, swiglu: isGated, packed: nil)
        description.packed = try AlignedMemory.allocate(kernels_packed_size(&description))
    }

    var memory: UnsafeRawPointer? { UnsafeRawPointer(description.packed) }

    deinit { free(description.packed) }

    /// Packs rows [n, inputs], in the weight's number type, as those from `first` on.
    func pack(_ rows: Tensor, _ part: Part = .whole, first: Int = 0) throws {
        let rows = try rows.to(dtype).contiguous()
        let values = try rows.mutableData()
        // Threads may not share a panel.
        let panel = 64
        let count = rows.size(0)
        let firstPanel = first / panel
        Kernels.concurrently((first + count - 1) / panel - firstPanel + 1) { index in
            let start = max((firstPanel + index) * panel, first)
            let end = min((firstPanel + index + 1) * panel, first + count)
            let source = values + (start - first) * inputs * dtype.byteCount
            if description.format == KERNELS_INT8 {
                quantize(source.assumingMemoryBound(to: UInt16.self), part, start..<end)
            } else {
                kernels_pack(&description, part.code, start, end - start, source, inputs, nil)
            }
        }
        withExtendedLifetime(rows) {}
    }

    private func quantize(_ source: UnsafePointer<UInt16>, _ part: Part, _ rows: Range<Int>) {
        withUnsafeTemporaryAllocation(of: Int8.self, capacity: rows.count * inputs) { values in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count) { scales in
                kernels_quantise_int8(values.baseAddress, scales.baseAddress, source, inputs, rows.count, inputs)
                kernels_pack(
                    &description, part.code, rows.lowerBound, rows.count, values.baseAddress, inputs,
                    scales.baseAddress)
            }
        }
    }

    /// residual + x W^T + bias, rounded once. x [..., inputs], result and residual [..., outputs].
    ///
    /// - Parameter bias: float32, [outputs]; gate's, then up's, of two matrices.
    func callAsFunction(_ x: Tensor, bias: Tensor? = nil, adding residual: Tensor? = nil) throws -> Tensor {
        let shape = x.shape
        guard shape.last == inputs else {
            throw TorchError.operation(
                name: "linear", shapes: [shape, [outputs, inputs]], message: "the last dimension must be \(inputs)")
        }
        let (rows, stride) = try x.to(dtype).kernelRows()
        let output = try Tensor.empty(shape.dropLast() + [outputs], dtype: dtype)
        let residualRows = try residual?.to(dtype).kernelRows()
        var epilogue = kernels_epilogue()
        epilogue.bias = try bias.map { UnsafePointer(try $0.elements(Float.self)) }
        epilogue.residual = try residualRows.map { UnsafeRawPointer(try $0.tensor.mutableData()) }
        epilogue.residual_stride = residualRows?.stride ?? 0
        let count = x.count / inputs
        guard count > 0 else { return output }
        let isDone = kernels_matmul(
            try output.mutableData(), outputs, try rows.mutableData(), stride, count, &description, &epilogue)
        withExtendedLifetime((rows, bias, residualRows?.tensor)) {}
        guard isDone else { throw TorchError.invalid("no memory for a product of \(shape) and [\(outputs), \(inputs)]") }
        return output
    }
}
