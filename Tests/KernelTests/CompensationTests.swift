import CKernels
import Testing

/// int4 whose errors are made up for, and the second moments that say how.
@Suite struct CompensationTests {
    private static func mixed(_ numbers: [Float], _ inputs: Int) -> [Float] {
        var numbers = numbers
        kernels_rotate(&numbers, inputs, numbers.count / inputs, inputs)
        return numbers
    }

    // MARK: - Second moments

    private static func moments(_ x: [UInt16], _ inputs: Int, rotated: Bool) throws -> [Float] {
        var sums = [Float](repeating: 0, count: inputs * inputs)
        try #require(kernels_second_moments(&sums, inputs, x, inputs, x.count / inputs, inputs, rotated))
        return sums
    }

    @Test(arguments: [false, true]) func secondMomentsAgreeWithDoublePrecision(_ rotated: Bool) throws {
        for (rows, inputs) in [(1, 1), (5, 63), (70, 64), (33, 130), (1029, 72)] {
            var normal = Normal(seed: rows)
            let x: [UInt16] = normal.array(rows * inputs)
            try onEachPath { path in
                let sums = try Self.moments(x, inputs, rotated: rotated)
                let seen = (rotated ? Self.mixed(x.map(float), inputs) : x.map(float)).map { float(bfloat16($0)) }
                for (row, column) in [(0, 0), (0, inputs - 1), (inputs / 2, inputs - 1), (inputs - 1, inputs - 1)] {
                    let products = (0..<rows).map {
                        Double(seen[$0 * inputs + row]) * Double(seen[$0 * inputs + column])
                    }
                    let error = abs(Double(sums[row * inputs + column]) - products.reduce(0, +))
                    // Portable and other rotations may round a number to either side.
                    let most = (rotated ? 1e-4 : 4e-6) * products.map(abs).reduce(0, +) + 1e-6
                    #expect(error <= most, "\(path), \(rows)x\(inputs), \(row), \(column)")
                }
                let below = (1..<max(inputs, 2)).allSatisfy { inputs == 1 || sums[$0 * inputs + $0 - 1] == 0 }
                #expect(below, "\(path), \(rows)x\(inputs)")
            }
        }
    }

    @Test func secondMomentsAddUp() throws {
        var normal = Normal(seed: 4)
        let x: [UInt16] = normal.array(40 * 66)
        try onEachPath { path in
            var sums = try Self.moments(Array(x[..<(17 * 66)]), 66, rotated: true)
            try #require(kernels_second_moments(&sums, 66, Array(x[(17 * 66)...]), 66, 23, 66, true))
            let far = zip(sums, try Self.moments(x, 66, rotated: true)).map { abs($0 - $1) }.max() ?? 1
            #expect(far < 1e-4, "\(path)")
        }
    }

    // MARK: - Weights

    /// Weights, and inputs of which most of what there is lies in a few directions.
    private struct Layer {
        let (rows, inputs, group): (Int, Int, Int)
        let weights: [UInt16]
        let x: [UInt16]

        init(rows: Int = 21, inputs: Int, group: Int, samples: Int = 400) {
            (self.rows, self.inputs, self.group) = (rows, inputs, group)
            var normal = Normal(seed: inputs + group)
            weights = normal.array(rows * inputs, 0.02)
            let directions = (0..<12 * inputs).map { _ in normal.next() }
            x = (0..<samples).flatMap { _ in
                let strengths = (0..<12).map { _ in normal.next() }
                return (0..<inputs).map { input in
                    let sum = (0..<12).reduce(0.2 * normal.next()) {
                        $0 + strengths[$1] * directions[$1 * inputs + input]
                    }
                    return UInt16(rounding: sum)
                }
            }
        }

        /// The upper Cholesky factor of the inverse of H, which is made larger on its diagonal by a hundredth.
        func factor() throws -> [Float] {
            var h = try moments(x, inputs, rotated: true).map(Double.init)
            let trace = (0..<inputs).reduce(0) { $0 + h[$1 * inputs + $1] }
            for row in 0..<inputs {
                for column in 0..<row { h[row * inputs + column] = h[column * inputs + row] }
                h[row * inputs + row] += 0.01 * trace / Double(inputs)
            }
            let inverse = square(inverted(cholesky(h)))
            let lower = cholesky(inverse)
            // What is below the diagonal is not to be read.
            return (0..<inputs * inputs).map { index in
                let (row, column) = (index / inputs, index % inputs)
                return column < row ? .nan : Float(lower[column * inputs + row])
            }
        }

        private func cholesky(_ h: [Double]) -> [Double] {
            var lower = [Double](repeating: 0, count: h.count)
            for row in 0..<inputs {
                for column in 0...row {
                    var sum = h[row * inputs + column]
                    for index in 0..<column { sum -= lower[row * inputs + index] * lower[column * inputs + index] }
                    lower[row * inputs + column] =
                        row == column ? sum.squareRoot() : sum / lower[column * inputs + column]
                }
            }
            return lower
        }

        private func inverted(_ lower: [Double]) -> [Double] {
            var inverse = [Double](repeating: 0, count: lower.count)
            for column in 0..<inputs {
                for row in column..<inputs {
                    var sum: Double = row == column ? 1 : 0
                    for index in column..<row { sum -= lower[row * inputs + index] * inverse[index * inputs + column] }
                    inverse[row * inputs + column] = sum / lower[row * inputs + row]
                }
            }
            return inverse
        }

        /// A^T A.
        private func square(_ a: [Double]) -> [Double] {
            var result = [Double](repeating: 0, count: a.count)
            for index in 0..<inputs {
                for row in 0..<inputs where a[index * inputs + row] != 0 {
                    for column in 0..<inputs {
                        result[row * inputs + column] += a[index * inputs + row] * a[index * inputs + column]
                    }
                }
            }
            return result
        }

        typealias Rounded = (values: [Int8], multiples: [Int8], scales: [Float])

        private var rounded: Rounded {
            (
                [Int8](repeating: 9, count: weights.count), [Int8](repeating: 99, count: weights.count / group),
                [Float](repeating: 9, count: rows)
            )
        }

        func compensated(_ factor: [Float]) throws -> Rounded {
            var rounded = rounded
            let mixed = CompensationTests.mixed(weights.map(float), inputs)
            try #require(
                kernels_quantise_compensated_int4(
                    &rounded.values, &rounded.multiples, &rounded.scales, mixed, inputs, rows, inputs, group, factor,
                    inputs))
            return rounded
        }

        func plain() throws -> Rounded {
            var rounded = rounded
            try #require(
                kernels_quantise_rotated_int4(
                    &rounded.values, &rounded.multiples, &rounded.scales, weights, inputs, rows, inputs, group))
            return rounded
        }

        /// Of products with the last 30 rows of X.
        func error(_ numbers: Rounded) throws -> Double {
            var weight = kernels_weight()
            (weight.format, weight.outputs, weight.inputs) = (KERNELS_INT4, rows, inputs)
            (weight.group, weight.rotated) = (group, true)
            let packed = UnsafeMutableRawPointer.allocate(byteCount: kernels_packed_size(&weight), alignment: 64)
            defer { packed.deallocate() }
            weight.packed = packed
            kernels_pack(&weight, KERNELS_WHOLE, 0, rows, numbers.values, inputs, numbers.scales, numbers.multiples)
            let last = Array(x[(x.count - 30 * inputs)...])
            var y = [UInt16](repeating: 0, count: 30 * rows)
            try #require(kernels_matmul(&y, rows, last, inputs, 30, &weight, nil))
            let expected = (0..<30 * rows).map { index in
                (0..<inputs).reduce(0.0) {
                    $0 + last[index / rows * inputs + $1].value * weights[index % rows * inputs + $1].value
                }
            }
            return relativeError(y, expected)
        }
    }

    /// Several groups in a block, one, a part of one; several blocks.
    private static let layers = [(96, 8), (360, 60), (320, 64), (304, 152), (300, 300)]

    @Test func withoutCorrelationItIsThePlainSearch() throws {
        for (inputs, group) in Self.layers {
            let layer = Layer(rows: inputs == 360 ? 200 : 21, inputs: inputs, group: group, samples: 1)
            let identity = (0..<inputs * inputs).map { Float($0 % (inputs + 1) == 0 ? 1 : 0) }
            try onEachPath { path in
                let (plain, compensated) = (try layer.plain(), try layer.compensated(identity))
                let same = plain == compensated
                #expect(same, "\(path), \(inputs) in groups of \(group)")
            }
        }
    }

    @Test func correlatedInputsLoseClearlyLess() throws {
        for (inputs, group) in Self.layers {
            let layer = Layer(inputs: inputs, group: group)
            let factor = try layer.factor()
            try onEachPath { path in
                let rounded = try layer.compensated(factor)
                let (plain, error) = (try layer.error(try layer.plain()), try layer.error(rounded))
                #expect(error < 0.7 * plain, "\(path), \(inputs) in groups of \(group): \(error), plain \(plain)")
                #expect(rounded.values.allSatisfy { (-8...7).contains($0) })
                #expect(rounded.multiples.allSatisfy { (-15...15).contains($0) })
            }
        }
    }
}
