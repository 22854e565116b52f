import CKernels
import Synchronization
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
    package let form: PackedForm
    private var sizes: kernels_weight
    /// What keeps memory that is not this object's own.
    private let owner: AnyObject?
    /// Gives the weight its numbers when it is first multiplied, by these x [..., inputs].
    private var filling: ((PackedWeight, Tensor) throws -> Void)?

    /// Which of its matrices is packed.
    package enum Part {
        case whole, gate, up

        fileprivate var code: kernels_part {
            switch self {
            case .whole: KERNELS_WHOLE
            case .gate: KERNELS_GATE
            case .up: KERNELS_UP
            }
        }
    }

    /// Weights that `fill` packs; in 12 bits a number if the form says so and the numbers allow it, else in 16.
    package static func packing(_ form: PackedForm, _ fill: (PackedWeight) throws -> Void) throws -> PackedWeight {
        let loose = try PackedWeight(form.loose)
        try fill(loose)
        guard form != form.loose else { return loose }
        let compact = try PackedWeight(form)
        return kernels_compact(&loose.sizes, &compact.sizes) ? compact : loose
    }

    /// Memory for weights that `pack` then fills, unless the form is compact; see `packing`.
    ///
    /// - Throws: `TorchError.invalid` when memory is short or the weight is empty.
    package init(_ form: PackedForm) throws {
        guard form.outputs > 0, form.inputs > 0 else {
            throw TorchError.invalid("a weight of \(form.outputs)x\(form.inputs) is empty")
        }
        self.form = form
        owner = nil
        sizes = form.sizes
        sizes.packed = try AlignedMemory.allocate(form.byteCount)
    }

    /// Weights that lie packed in memory that `owner` keeps; nothing is copied.
    ///
    /// - Throws: `TorchError.invalid` when the memory is not aligned to 64 bytes or not as much as the form takes.
    init(_ form: PackedForm, _ bytes: UnsafeRawBufferPointer, owner: AnyObject) throws {
        guard let start = bytes.baseAddress, Int(bitPattern: start) % 64 == 0, bytes.count == form.byteCount else {
            throw TorchError.invalid(
                "packed \(form.numbers.rawValue) weights of \(form.outputs)x\(form.inputs) take \(form.byteCount) bytes "
                    + "from a multiple of 64 on, got \(bytes.count)")
        }
        self.form = form
        self.owner = owner
        sizes = form.sizes
        sizes.packed = UnsafeMutableRawPointer(mutating: start)
    }

    /// Weights without numbers: what a model is made of to learn which it has.
    private init(hollow form: PackedForm) {
        self.form = form
        owner = nil
        sizes = form.sizes
    }

    /// Weights that are all zero, in memory of their own: what a time is measured with.
    package static func zeros(_ form: PackedForm) throws -> PackedWeight {
        let weight = try PackedWeight(form)
        if let start = weight.sizes.packed { memset(start, 0, form.byteCount) }
        return weight
    }

    package static func hollow(_ form: PackedForm) -> PackedWeight { PackedWeight(hollow: form) }

    /// Weights that `fill` packs when they are first multiplied; it is given what they multiply, [..., inputs].
    static func deferred(
        _ form: PackedForm, _ fill: @escaping (PackedWeight, Tensor) throws -> Void
    ) -> PackedWeight {
        let weight = PackedWeight(hollow: form)
        weight.filling = fill
        return weight
    }

    /// Whether there are numbers.
    var isFilled: Bool { sizes.packed != nil }

    private func fill(_ fill: (PackedWeight, Tensor) throws -> Void, _ x: Tensor) throws {
        filling = nil
        sizes.packed = try AlignedMemory.allocate(form.byteCount)
        try fill(self, x)
    }

    deinit { if owner == nil { free(sizes.packed) } }

    var memory: UnsafeRawPointer? { UnsafeRawPointer(sizes.packed) }

    /// The packed bytes, valid as long as this object.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: sizes.packed, count: sizes.packed == nil ? 0 : form.byteCount)
    }

    /// Packs rows [n, inputs] as those from `first` on.
    ///
    /// - Parameter factor: of 4 bits, what their errors are made up for with; `nil` rounds each number to the nearest.
    func pack(_ rows: Tensor, _ part: Part = .whole, first: Int = 0, factor: Tensor? = nil) throws {
        let rows = try rows.to(form.dtype).contiguous()
        try pack(rows.mutableData(), part, rows: first..<first + rows.size(0), factor: factor)
        withExtendedLifetime(rows) {}
    }

    /// Packs these rows, which lie one behind the other in the type that the weight multiplies, on all threads.
    package func pack(
        _ values: UnsafeRawPointer, _ part: Part = .whole, rows: Range<Int>, factor: Tensor? = nil
    ) throws {
        guard form == form.loose else { throw TorchError.invalid("12 bits a number are packed from whole weights") }
        let rounding = try Int4Rounding(inputs: form.inputs, group: form.group, factor: factor)
        // Outputs of a panel lie together, and threads may not share one.
        let count = rounding.rowsAtOnce
        let tasks = rows.lowerBound / count..<(rows.upperBound + count - 1) / count
        let failures = Atomic(0)
        Kernels.concurrently(tasks.count) { index in
            let start = (tasks.lowerBound + index) * count
            let range = (start..<start + count).clamped(to: rows)
            let source = values + (range.lowerBound - rows.lowerBound) * form.inputs * form.dtype.byteCount
            if !packRows(source, part, range, rounding) { failures.add(1, ordering: .relaxed) }
        }
        guard failures.load(ordering: .relaxed) == 0 else {
            throw TorchError.invalid("no memory to quantize a weight of \(form.outputs)x\(form.inputs)")
        }
    }

    /// - Returns: false when memory is short.
    private func packRows(
        _ source: UnsafeRawPointer, _ part: Part, _ rows: Range<Int>, _ rounding: Int4Rounding
    ) -> Bool {
        guard form.numbers == .int8 || form.numbers == .int4 else {
            kernels_pack(&sizes, part.code, rows.lowerBound, rows.count, source, form.inputs, nil, nil)
            return true
        }
        let (inputs, isInt4) = (form.inputs, form.numbers == .int4)
        let source = source.assumingMemoryBound(to: UInt16.self)
        let multipleCount = isInt4 ? rows.count * inputs / form.group : 0
        return withUnsafeTemporaryAllocation(of: Int8.self, capacity: rows.count * inputs + multipleCount) { numbers in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count) { scales in
                guard let values = numbers.baseAddress, let scales = scales.baseAddress else { return false }
                let multiples = values + rows.count * inputs
                let isDone =
                    isInt4
                    ? rounding(source, rows: rows.count, values: values, multiples: multiples, scales: scales)
                    : kernels_quantise_rotated_int8(values, scales, source, inputs, rows.count, inputs)
                guard isDone else { return false }
                kernels_pack(&sizes, part.code, rows.lowerBound, rows.count, values, inputs, scales, multiples)
                return true
            }
        }
    }

    /// residual + x W^T + bias, rounded once. x [..., inputs], result and residual [..., outputs].
    ///
    /// - Parameter bias: float32, [outputs]; gate's, then up's, of two matrices.
    func callAsFunction(_ x: Tensor, bias: Tensor? = nil, adding residual: Tensor? = nil) throws -> Tensor {
        try prepare(x)
        return try product(x, &sizes, bias, residual)
    }

    /// The same of x whose rows [T_i, inputs] `rows` makes, of ranges that follow each other from 0 on.
    func callAsFunction(
        inParts ranges: [Range<Int>], bias: Tensor?, _ rows: (Range<Int>) throws -> Tensor
    ) throws -> Tensor {
        let output = try ResultMemory.tensor([ranges.last?.upperBound ?? 0, form.outputs], form.dtype)
        for range in ranges {
            let x = try rows(range)
            try prepare(x)
            try write(x, &sizes, bias, nil, to: output.narrowed(0, range))
        }
        return output
    }

    /// What the gate's matrix and the up's make of x [..., inputs], each [..., outputs] and rounded, before they are joined.
    func parts(_ x: Tensor) throws -> (gate: Tensor, up: Tensor) {
        try prepare(x)
        var whole = kernels_ungated(&sizes)
        let panels = try product(x, &whole, nil, nil).reshaped(x.shape.dropLast() + [whole.outputs / 64, 2, 32])
        let parts = try (0..<2).map { part in
            let dimension = x.shape.count
            return try panels.selected(dimension, part).reshaped(x.shape.dropLast() + [whole.outputs / 2])
                .narrowed(dimension - 1, 0..<form.outputs)
        }
        return (parts[0], parts[1])
    }

    /// Sees to it that there are numbers, and that they can multiply x.
    private func prepare(_ x: Tensor) throws {
        let fits = x.shape.last == form.inputs
        if let filling, fits { try fill(filling, x) }
        guard fits, sizes.packed != nil else {
            throw TorchError.operation(
                name: "linear", shapes: [x.shape, [form.outputs, form.inputs]],
                message: sizes.packed == nil
                    ? "the weight holds no numbers" : "the last dimension must be \(form.inputs)")
        }
    }

    private func product(
        _ x: Tensor, _ sizes: inout kernels_weight, _ bias: Tensor?, _ residual: Tensor?
    ) throws -> Tensor {
        let output = try ResultMemory.tensor(x.shape.dropLast() + [sizes.outputs], form.dtype)
        try write(x, &sizes, bias, residual, to: output)
        return output
    }

    /// - Parameter output: [..., outputs], with as many rows as x.
    private func write(
        _ x: Tensor, _ sizes: inout kernels_weight, _ bias: Tensor?, _ residual: Tensor?, to output: Tensor
    ) throws {
        guard x.count / form.inputs * sizes.outputs == output.count else {
            throw TorchError.invalid("a product of \(x.shape) and \(sizes.outputs) outputs is not \(output.shape)")
        }
        let (rows, stride) = try x.to(form.dtype).kernelRows()
        let residualRows = try residual?.to(form.dtype).kernelRows()
        var epilogue = kernels_epilogue()
        epilogue.bias = try bias.map { UnsafePointer(try $0.elements(Float.self)) }
        epilogue.residual = try residualRows.map { UnsafeRawPointer(try $0.tensor.mutableData()) }
        epilogue.residual_stride = residualRows?.stride ?? 0
        let count = x.count / form.inputs
        guard count > 0 else { return }
        let isDone = kernels_matmul(
            try output.mutableData(), sizes.outputs, try rows.mutableData(), stride, count, &sizes, &epilogue)
        withExtendedLifetime((rows, bias, residualRows?.tensor)) {}
        guard isDone else {
            throw TorchError.invalid("no memory for a product of \(x.shape) and [\(sizes.outputs), \(form.inputs)]")
        }
    }

    /// y [rows, outputs] = x [rows, inputs] W^T, both in the type that the weight multiplies.
    package func multiply(_ x: UnsafeRawPointer, rows: Int, to y: UnsafeMutableRawPointer) throws {
        guard kernels_matmul(y, form.outputs, x, form.inputs, rows, &sizes, nil) else {
            throw TorchError.invalid("no memory for a product of [\(rows), \(form.inputs)] and \(form.outputs) outputs")
        }
    }
}
