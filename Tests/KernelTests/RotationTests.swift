import CKernels
import Testing

/// Rows of X and W that are mixed before they are rounded.
@Suite struct RotationTests {
    /// Many factors, few, one, none; primes; numbers from the models.
    static let widths = [1, 2, 3, 7, 13, 16, 35, 60, 63, 97, 126, 180, 344, 504]

    private static func rotated(_ numbers: [Float], _ width: Int) -> [Float] {
        var numbers = numbers
        kernels_rotate(&numbers, width, width == 0 ? 0 : numbers.count / width, width)
        return numbers
    }

    @Test func theMatrixIsOrthonormal() {
        onEachPath { path in
            for width in Self.widths {
                let identity = (0..<width * width).map { Float($0 % (width + 1) == 0 ? 1 : 0) }
                let matrix = Self.rotated(identity, width).map(Double.init)
                for row in 0..<width {
                    for other in 0...row {
                        var product = 0.0
                        for index in 0..<width {
                            product += matrix[row * width + index] * matrix[other * width + index]
                        }
                        if abs(product - (row == other ? 1 : 0)) > 1e-6 {
                            Issue.record("\(path), \(width): rows \(row) and \(other) give \(product)")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test func everyPathMixesAlike() throws {
        for width in Self.widths + [840, 1009, 1280, 2048, 2520, 3420, 10240, 11008] {
            var noise = Noise(width)
            let row = noise.numbers(width)
            let expected = try #require(with(.portable) { Self.rotated(row, width) })
            onEachPath { path in
                let far = zip(Self.rotated(row, width), expected).map { abs($0 - $1) }.max() ?? 0
                #expect(far <= 3e-6, "\(path), \(width)")
            }
        }
    }

    @Test func oneLargeNumberIsSpread() {
        for (width, most) in [(2520, Float(0.12)), (2048, 0.04), (10240, 0.04), (11008, 0.07)] {
            var row = [Float](repeating: 0, count: width)
            row[width / 3] = 1
            #expect(Self.rotated(row, width).allSatisfy { abs($0) < most }, "\(width)")
        }
    }

    /// Signs keep a row of equal numbers from becoming one large number.
    @Test func equalNumbersAreSpread() {
        for width in [2520, 2048, 10240, 11008] {
            let row = Self.rotated([Float](repeating: 1, count: width), width)
            #expect(row.allSatisfy { abs($0) < 12 }, "\(width): \(row.map(abs).max() ?? 0)")
        }
    }

    // MARK: - Products

    /// A case of X and W of some width; the product in double precision, and what the kernel makes of it.
    private struct Case {
        let (rows, outputs, width, group): (Int, Int, Int, Int)
        var x: [UInt16]
        let weights: [UInt16]

        init(rows: Int, outputs: Int, width: Int, group: Int = 1) {
            (self.rows, self.outputs, self.width, self.group) = (rows, outputs, width, group)
            var normal = Normal(seed: width + rows)
            x = normal.array(rows * width)
            weights = normal.array(outputs * width, 0.02)
        }

        /// Without some inputs, if that is said.
        func expected(without: Set<Int> = []) -> [Double] {
            (0..<rows * outputs).map { index in
                var sum = 0.0
                for input in 0..<width where !without.contains(input) {
                    sum += x[index / outputs * width + input].value * weights[index % outputs * width + input].value
                }
                return sum
            }
        }

        func multiplied(_ format: kernels_format, rotated: Bool = true) throws -> [UInt16] {
            var weight = kernels_weight()
            (weight.format, weight.outputs, weight.inputs) = (format, outputs, width)
            (weight.group, weight.rotated) = (group, rotated)
            let packed = UnsafeMutableRawPointer.allocate(byteCount: kernels_packed_size(&weight), alignment: 64)
            defer { packed.deallocate() }
            weight.packed = packed
            var values = [Int8](repeating: 0, count: outputs * width)
            var multiples = [Int8](repeating: 0, count: outputs * width / group)
            var scales = [Float](repeating: 0, count: outputs)
            switch (format, rotated) {
            case (KERNELS_INT8, true):
                try #require(kernels_quantise_rotated_int8(&values, &scales, weights, width, outputs, width))
            case (KERNELS_INT8, false): kernels_quantise_int8(&values, &scales, weights, width, outputs, width)
            case (_, true):
                try #require(
                    kernels_quantise_rotated_int4(
                        &values, &multiples, &scales, weights, width, outputs, width, group))
            default:
                try #require(
                    kernels_quantise_int4(&values, &multiples, &scales, weights, width, outputs, width, group))
            }
            kernels_pack(&weight, KERNELS_WHOLE, 0, outputs, values, width, scales, multiples)
            var y = [UInt16](repeating: 0, count: rows * outputs)
            try #require(kernels_matmul(&y, outputs, x, width, rows, &weight, nil))
            return y
        }
    }

    /// What rounding to 8 and to 4 bits costs on normal numbers.
    private static let tolerances = [(KERNELS_INT8, 0.02), (KERNELS_INT4, 0.16)]

    @Test func productsAreWhatTheyWereWithinRounding() throws {
        try onEachPath { path in
            for (format, tolerance) in Self.tolerances {
                for width in [63, 64, 97, 126, 315, 504, 840, 1009, 2048, 2520] {
                    let group = [64, 60, 56].first { width % $0 == 0 } ?? width
                    for rows in [1, 3, 11] {
                        let product = Case(rows: rows, outputs: 70, width: width, group: group)
                        let error = relativeError(try product.multiplied(format), product.expected())
                        #expect(error < tolerance, "\(path), \(format.rawValue), \(rows)x\(width)")
                    }
                }
            }
        }
    }

    /// The integers that a mixed row becomes, times those of the weights, exactly.
    @Test func int8IsTheProductOfMixedRowsRounded() throws {
        let product = Case(rows: 9, outputs: 70, width: 504)
        var values = [Int8](repeating: 0, count: 70 * 504)
        var scales = [Float](repeating: 0, count: 70)
        try onEachPath { path in
            try #require(kernels_quantise_rotated_int8(&values, &scales, product.weights, 504, 70, 504))
            let mixed = Self.rotated(product.x.map(float), 504)
            let y = try product.multiplied(KERNELS_INT8)
            for row in 0..<9 {
                let numbers = mixed[row * 504..<(row + 1) * 504]
                let largest = numbers.map(abs).max() ?? 0
                let rounded = numbers.map { Int(($0 * (127 / largest)).rounded(.toNearestOrEven)) }
                for output in 0..<70 {
                    let sum = (0..<504).reduce(0) { $0 + rounded[$1] * Int(values[output * 504 + $1]) }
                    let expected = Double(sum) * Double(scales[output]) * Double(largest / 127)
                    let error = abs(y[row * 70 + output].value - expected)
                    #expect(error <= 1.01 * UInt16.epsilon * abs(expected) * 2 + 1e-9, "\(path), \(row), \(output)")
                }
            }
        }
    }

    /// Eight channels a hundred times as large as the others: what is lost of the rest, as a share of the rest.
    @Test(arguments: [2520, 2048, 11008]) func outliersDoNotDrownTheRest(_ width: Int) throws {
        var product = Case(rows: 8, outputs: 64, width: width)
        let outliers = Set((0..<8).map { ($0 * 997 + 13) % width })
        for index in product.x.indices where outliers.contains(index % width) {
            product.x[index] = UInt16(rounding: product.x[index].value * 100)
        }
        let expected = product.expected()
        let rest = product.expected(without: outliers)
        let length = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
        func lost(_ y: [UInt16]) -> Double {
            zip(y, expected).reduce(0) { $0 + ($1.0.value - $1.1) * ($1.0.value - $1.1) }.squareRoot() / length
        }
        try onEachPath { path in
            let y = try product.multiplied(KERNELS_INT8)
            #expect(relativeError(y, expected) < 0.02, "\(path)")
            #expect(lost(y) < 0.1, "\(path)")
            #expect(lost(try product.multiplied(KERNELS_INT8, rotated: false)) > 0.3, "\(path)")
        }
    }

    @Test func rowsThatAreNotFiniteAreNaNAndNoOtherIs() throws {
        for width in [64, 97, 126, 504] {
            var product = Case(rows: 6, outputs: 70, width: width)
            product.x[1 * width + width - 1] = UInt16(rounding: .infinity)
            product.x[3 * width] = UInt16(rounding: .nan)
            product.x[4 * width + width / 2] = UInt16(rounding: -.infinity)
            try onEachPath { path in
                let y = try product.multiplied(KERNELS_INT8)
                for row in 0..<6 {
                    let bad = [1, 3, 4].contains(row)
                    let numbers = y[row * 70..<(row + 1) * 70]
                    #expect(numbers.allSatisfy { $0.value.isNaN == bad }, "\(path), \(width), row \(row)")
                }
            }
        }
    }

    @Test func withoutInputsThereIsZero() throws {
        try onEachPath { path in
            let y = try Case(rows: 2, outputs: 70, width: 0).multiplied(KERNELS_INT8)
            #expect(y.allSatisfy { $0.value == 0 }, "\(path)")
        }
    }

    @Test func rowsOfZerosAndWeightsThatAreNotFiniteCountAsZero() throws {
        var product = Case(rows: 2, outputs: 3, width: 126)
        for input in 0..<126 { product.x[input] = 0 }
        try onEachPath { path in
            let y = try product.multiplied(KERNELS_INT8)
            #expect(y[..<3].allSatisfy { $0.value == 0 } && y[3...].allSatisfy { $0.value.isFinite }, "\(path)")
            let weights = [.nan, .infinity, 1, -1].map(bfloat16), zeros: [UInt16] = [0, 0] + weights[2...]
            var (values, clean) = ([Int8](repeating: 9, count: 4), [Int8](repeating: 9, count: 4))
            var scales: [Float] = [9]
            try #require(kernels_quantise_rotated_int8(&values, &scales, weights, 4, 1, 4))
            try #require(kernels_quantise_rotated_int8(&clean, &scales, zeros, 4, 1, 4))
            #expect(values == clean && scales[0].isFinite, "\(path)")
        }
    }

    @Test func theNumberOfThreadsChangesNoBit() throws {
        let product = Case(rows: 70, outputs: 130, width: 504)
        for instructions in InstructionSet.all {
            let alone = try #require(try with(instructions, threads: 1) { try product.multiplied(KERNELS_INT8) })
            for threads: Int32 in [2, 5] {
                let same = try with(instructions, threads: threads) { try product.multiplied(KERNELS_INT8) } == alone
                #expect(same, "\(instructions), \(threads) threads")
            }
        }
    }
}
