import CKernels

/// A matrix product with all that a kernel takes, small enough for a reference in double precision.
struct MatrixProduct {
    var format = KERNELS_BFLOAT16
    var rows = 1
    var outputs = 1
    var inputs = 1
    var group = 1
    var swiglu = false
    /// Elements between the end of a row and the next.
    var gap = 0
    var x: [Float] = []  // [rows, inputs]
    var weights: [Float] = []  // [parts, outputs, inputs]: numbers, or for int8 and int4 what the scales multiply
    var multiples: [Int8] = []  // int4: [parts, outputs, inputs / group]
    var scales: [Float] = []  // int8 and int4: [parts, outputs]
    var bias: [Float]?  // [parts, outputs]
    var residual: [Float]?  // [rows, outputs]
    var gate: [Float]?  // [3, outputs]
    var gateRows: [Int32]?  // [rows]

    var parts: Int { swiglu ? 2 : 1 }
    var groups: Int { format == KERNELS_INT4 ? inputs / group : 0 }

    /// Random numbers of the format for everything that the case names.
    init(
        _ format: kernels_format, _ rows: Int, _ outputs: Int, _ inputs: Int, group: Int = 1, swiglu: Bool = false,
        epilogue: Int = 0, seed: Int = 1
    ) {
        (self.format, self.rows, self.outputs, self.inputs) = (format, rows, outputs, inputs)
        (self.group, self.swiglu) = (group, swiglu)
        gap = epilogue % 3
        var noise = Noise(seed)
        x = noise.numbers(rows * inputs).map(rounded)
        weights = noise.numbers(parts * outputs * inputs)
            .map {
                switch format {
                case KERNELS_INT8: ($0 * 127).rounded()
                case KERNELS_INT4: ($0 * 7.99 - 0.5).rounded()  // -8...7
                default: rounded($0)
                }
            }
        multiples = noise.numbers(parts * outputs * groups).map { Int8(($0 * 15.49).rounded()) }
        scales = noise.numbers(quantised ? parts * outputs : 0).map { 0.01 + 0.005 * $0 }
        if epilogue & 1 != 0 { bias = noise.numbers(parts * outputs) }
        if epilogue & 2 != 0 { residual = noise.numbers(rows * outputs).map(rounded) }
        if epilogue & 4 != 0 { gate = noise.numbers(3 * outputs) }
        if epilogue & 8 != 0 { gateRows = (0..<rows).map { Int32($0 * 3 / rows) } }
    }

    /// Whether products are those of bfloat16 numbers.
    var isBfloat16: Bool { format == KERNELS_BFLOAT16 || format == KERNELS_COMPACT_BFLOAT16 }

    var quantised: Bool { format == KERNELS_INT8 || format == KERNELS_INT4 }

    func rounded(_ value: Float) -> Float { format == KERNELS_FLOAT32 ? value : float(bfloat16(value)) }
}

// MARK: - What it should be

extension MatrixProduct {
    /// Y, and for each number the sum of magnitudes that its error is measured by.
    func reference() -> [(value: Double, magnitude: Double)] {
        (0..<rows).flatMap { row in
            let x = xAsSeen(row)
            return (0..<outputs).map { output in
                let sums = (0..<parts).map { part in sum(x, part * outputs + output) }
                var (value, magnitude) = sums[0]
                if swiglu {
                    value = value / (1 + exponential(-value)) * sums[1].value
                    magnitude *= 1 + abs(sums[1].value)
                    magnitude += sums[1].magnitude * (1 + abs(sums[0].value))
                }
                if let gate { value *= Double(gate[Int(gateRows?[row] ?? 0) * outputs + output]) }
                if let residual {
                    value += Double(residual[row * outputs + output])
                    magnitude += abs(Double(residual[row * outputs + output]))
                }
                return (value, magnitude)
            }
        }
    }

    /// A row of X; for int8 and int4 as multiples of its scale.
    private func xAsSeen(_ row: Int) -> [Double] {
        let numbers = x[row * inputs..<(row + 1) * inputs]
        guard quantised else { return numbers.map(Double.init) }
        guard numbers.allSatisfy(\.isFinite) else { return numbers.map { _ in .nan } }
        // In float32, as a number between two goes to either by its last bit.
        let largest = numbers.map(abs).max() ?? 0
        let (scale, inverse) = largest < 127 * 0x1p-127 ? (0x1p-127, 0x1p127) : (largest / 127, 127 / largest)
        return numbers.map { Double(($0 * inverse).rounded(.toNearestOrEven)) * Double(scale) }
    }

    private func sum(_ x: [Double], _ row: Int) -> (value: Double, magnitude: Double) {
        var value = Double(bias?[row] ?? 0)
        var magnitude = abs(value)
        for input in 0..<inputs {
            var weight = Double(weights[row * inputs + input])
            if quantised { weight *= Double(scales[row]) }
            if groups > 0 { weight *= Double(multiples[row * groups + input / group]) }
            value += x[input] * weight
            magnitude += abs(x[input] * weight)
        }
        return (value, magnitude)
    }
}

// MARK: - What a kernel makes of it

extension MatrixProduct {
    /// Packs in blocks of rows of the given height, multiplies, and gives Y; nil where a number beside Y was touched, or
    /// where the numbers are not to be had in 12 bits.
    ///
    /// - Parameter changed: what becomes of the compact weight before it is multiplied.
    func multiplied(
        packedBy block: Int = 64, inPlace: Bool = false,
        changed: (UnsafeMutableRawPointer, inout kernels_weight) -> Void = { _, _ in }
    ) -> [Float]? {
        var loose = packed(format == KERNELS_COMPACT_BFLOAT16 ? KERNELS_BFLOAT16 : format)
        defer { loose.packed.deallocate() }
        pack(loose, by: block)
        guard format == KERNELS_COMPACT_BFLOAT16 else { return run(loose, inPlace: inPlace) }
        var compact = packed(format)
        defer { compact.packed.deallocate() }
        guard kernels_compact(&loose, &compact) else { return nil }
        changed(compact.packed, &compact)
        return run(compact, inPlace: inPlace)
    }

    /// A weight in memory that is full of NaN.
    private func packed(_ format: kernels_format) -> kernels_weight {
        var weight = kernels_weight()
        (weight.format, weight.outputs, weight.inputs) = (format, outputs, inputs)
        (weight.group, weight.swiglu) = (group, swiglu)
        let size = kernels_packed_size(&weight)
        weight.packed = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        weight.packed.initializeMemory(as: UInt8.self, repeating: 0xff, count: size)
        return weight
    }

    private func run(_ weight: kernels_weight, inPlace: Bool) -> [Float]? {
        format == KERNELS_FLOAT32
            ? run(weight, inPlace: inPlace, to: { $0 }, from: { $0 })
            : run(weight, inPlace: inPlace, to: bfloat16, from: float)
    }

    private func pack(_ weight: kernels_weight, by block: Int) {
        for part in 0..<parts {
            let kind = swiglu ? [KERNELS_GATE, KERNELS_UP][part] : KERNELS_WHOLE
            for first in stride(from: 0, to: outputs, by: block).reversed() {
                let count = min(block, outputs - first)
                let row = part * outputs + first
                let numbers = Array(weights[row * inputs..<(row + count) * inputs])
                let scales = quantised ? Array(scales[row..<row + count]) : []
                let multiples = Array(multiples[row * groups..<(row + count) * groups])
                withUnsafePointer(to: weight) { weight in
                    switch weight.pointee.format {
                    case KERNELS_FLOAT32: kernels_pack(weight, kind, first, count, numbers, inputs, nil, nil)
                    case KERNELS_BFLOAT16:
                        kernels_pack(weight, kind, first, count, numbers.map(bfloat16), inputs, nil, nil)
                    default:
                        kernels_pack(
                            weight, kind, first, count, numbers.map { Int8($0) }, inputs, scales, multiples)
                    }
                }
            }
        }
    }

    private func run<Element: Equatable>(
        _ weight: kernels_weight, inPlace: Bool, to: (Float) -> Element, from: (Element) -> Float
    ) -> [Float]? {
        func spread(_ numbers: [Float], _ width: Int) -> [Element] {
            (0..<rows).flatMap { row in
                numbers[row * width..<(row + 1) * width].map(to) + (0..<gap).map { _ in to(.nan) }
            }
        }
        let untouched = to(123)
        let stride = outputs + gap
        var y = [Element](repeating: untouched, count: rows * stride)
        if inPlace, let residual {
            y = spread(residual, outputs).enumerated().map { $0 % stride < outputs ? $1 : untouched }
        }
        let done = spread(x, inputs).withUnsafeBytes { x in
            y.withUnsafeMutableBytes { y in
                withEpilogue(spread(residual ?? [Float](repeating: 0, count: rows * outputs), outputs), stride) {
                    epilogue in
                    var epilogue = epilogue
                    var weight = weight
                    if inPlace { epilogue.residual = UnsafeRawPointer(y.baseAddress) }
                    return kernels_matmul(
                        y.baseAddress, stride, x.baseAddress, inputs + gap, rows, &weight, &epilogue)
                }
            }
        }
        let beside = y.indices.filter { $0 % stride >= outputs }
        guard done, beside.allSatisfy({ y[$0] == untouched }) else { return nil }
        return y.indices.filter { $0 % stride < outputs }.map { from(y[$0]) }
    }

    private func withEpilogue<Element>(
        _ residual: [Element], _ stride: Int, _ body: (kernels_epilogue) -> Bool
    ) -> Bool {
        (bias ?? []).withUnsafeBufferPointer { bias in
            (gate ?? []).withUnsafeBufferPointer { gate in
                (gateRows ?? []).withUnsafeBufferPointer { gateRows in
                    residual.withUnsafeBytes { residual in
                        var epilogue = kernels_epilogue()
                        if self.bias != nil { epilogue.bias = bias.baseAddress }
                        if self.residual != nil { epilogue.residual = residual.baseAddress }
                        epilogue.residual_stride = stride
                        if self.gate != nil { epilogue.gate = gate.baseAddress }
                        epilogue.gate_stride = outputs
                        if self.gateRows != nil { epilogue.gate_row = gateRows.baseAddress }
                        return body(epilogue)
                    }
                }
            }
        }
    }
}
