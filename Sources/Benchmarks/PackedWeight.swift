import CKernels

/// A weight of random numbers in the order that the kernels read.
final class PackedWeight {
    private var weight: kernels_weight
    private let memory: AlignedMemory

    private static let group = 64

    init(_ pool: RandomPool, _ format: kernels_format, outputs: Int, inputs: Int, name: String) {
        weight = Self.sizes(format, outputs, inputs)
        memory = AlignedMemory(kernels_packed_size(&weight))
        weight.packed = memory.bytes
        let source = AlignedMemory(pool, outputs * inputs, name: name)
        switch format {
        case KERNELS_INT8, KERNELS_INT4: pack(source, integers: format)
        default: kernels_pack(&weight, KERNELS_WHOLE, 0, outputs, source.bytes, inputs, nil)
        }
    }

    /// Bytes of such a weight.
    static func size(_ format: kernels_format, outputs: Int, inputs: Int) -> Int {
        var weight = sizes(format, outputs, inputs)
        return kernels_packed_size(&weight)
    }

    private static func sizes(_ format: kernels_format, _ outputs: Int, _ inputs: Int) -> kernels_weight {
        var weight = kernels_weight()
        (weight.format, weight.outputs, weight.inputs, weight.group) = (format, outputs, inputs, group)
        return weight
    }

    private func pack(_ source: AlignedMemory, integers format: kernels_format) {
        let (outputs, inputs) = (weight.outputs, weight.inputs)
        let values = AlignedMemory(outputs * inputs)
        let integers = values.bytes.bindMemory(to: Int8.self, capacity: outputs * inputs)
        let groups = format == KERNELS_INT4 ? inputs / Self.group : 1
        var scales = [Float](repeating: 0, count: outputs * groups)
        if format == KERNELS_INT4 {
            kernels_quantise_int4(integers, &scales, source.bfloat16, inputs, outputs, inputs, Self.group)
        } else {
            kernels_quantise_int8(integers, &scales, source.bfloat16, inputs, outputs, inputs)
        }
        kernels_pack(&weight, KERNELS_WHOLE, 0, outputs, integers, inputs, scales)
    }

    /// y [rows, outputs] = x [rows, inputs] W^T, both bfloat16.
    ///
    /// - Throws: `BenchmarkError` when memory is short.
    func multiply(_ x: AlignedMemory, rows: Int, to y: AlignedMemory) throws {
        guard kernels_matmul(y.bytes, weight.outputs, x.bytes, weight.inputs, rows, &weight, nil) else {
            throw BenchmarkError("a product of \(rows) x \(weight.inputs) x \(weight.outputs): not enough memory")
        }
    }
}
