import CKernels
import Testing

/// Rounding of weights to int8 and int4.
@Suite struct QuantisationTests {
    private static let rows = 5
    private static let inputs = 126

    private static func weights() -> [UInt16] {
        var noise = Noise(1)
        return noise.numbers(rows * inputs).map(bfloat16)
    }

    @Test func int8IsTheNearestOfItsScale() {
        let weights = Self.weights()
        var values = [Int8](repeating: 0, count: weights.count)
        var scales = [Float](repeating: 0, count: Self.rows)
        kernels_quantise_int8(&values, &scales, weights, Self.inputs, Self.rows, Self.inputs)
        for (index, weight) in weights.enumerated() {
            let scale = scales[index / Self.inputs]
            #expect(abs(Float(values[index]) * scale - float(weight)) <= 0.5001 * scale)
        }
        for row in 0..<Self.rows {
            let largest = values[row * Self.inputs..<(row + 1) * Self.inputs].map { abs(Int($0)) }.max()
            #expect(largest == 127)
        }
    }

    @Test(arguments: [63, 42, 1]) func int4IsTheNearestOfItsScale(_ group: Int) throws {
        let weights = Self.weights()
        try onEachPath { path in
            let (values, scales, multiples) = try Self.int4(weights, Self.rows, Self.inputs, group)
            #expect(multiples.allSatisfy { (-15...15).contains($0) }, "\(path)")
            for (index, weight) in weights.enumerated() {
                let scale = scales[index / group]
                let nearest = (float(weight) / scale).rounded(.toNearestOrEven)
                let isNearest = abs(Float(values[index]) - min(max(nearest, -8), 7)) * abs(scale) == 0
                let isTie = abs(abs(float(weight) / scale - nearest) - 0.5) < 1e-5
                #expect(isNearest || isTie, "\(path), \(index)")
            }
        }
    }

    /// The values, the scale of each group, and what it is a multiple of that of its row.
    private static func int4(
        _ weights: [UInt16], _ rows: Int, _ inputs: Int, _ group: Int
    ) throws -> (values: [Int8], scales: [Float], multiples: [Int8]) {
        var values = [Int8](repeating: 9, count: weights.count)
        var multiples = [Int8](repeating: 99, count: weights.count / group)
        var scales = [Float](repeating: 9, count: rows)
        try #require(kernels_quantise_int4(&values, &multiples, &scales, weights, inputs, rows, inputs, group))
        let ofGroups = multiples.indices.map { Float(multiples[$0]) * scales[$0 * group / inputs] }
        return (values, ofGroups, multiples)
    }

    /// Sum of squares of what a group loses.
    private static func lost(_ weights: ArraySlice<UInt16>, _ scale: Float) -> Double {
        weights.reduce(0) { sum, weight in
            let value = min(max((float(weight) / scale).rounded(), -8), 7)
            let error = Double(float(weight) - value * scale)
            return sum + error * error
        }
    }

    @Test func int4LosesLessThanWithTheScaleOfTheLargestMagnitudeAndHardlyMoreThanWithAnyMultiple() throws {
        let (rows, inputs, group) = (37, 256, 64)
        var normal = Normal(seed: 3)
        let weights: [UInt16] = normal.array(rows * inputs, 0.02)
        try onEachPath { path in
            let (_, scales, multiples) = try Self.int4(weights, rows, inputs, group)
            var (all, plain) = (0.0, 0.0)
            for first in stride(from: 0, to: weights.count, by: group) {
                let numbers = weights[first..<first + group]
                let largest = numbers.map(float).max { abs($0) < abs($1) } ?? 0
                let (searched, nearest) = (
                    Self.lost(numbers, scales[first / group]), Self.lost(numbers, float(bfloat16(largest / -8)))
                )
                // Only those next to the scale that the group would have by itself are tried.
                let unit = scales[first / group] / Float(multiples[first / group])
                let best = (-15...15).filter { $0 != 0 }.map { Self.lost(numbers, Float($0) * unit) }.min() ?? 0
                #expect(searched <= 1.05 * best, "\(path), \(first)")
                (all, plain) = (all + searched, plain + nearest)
            }
            #expect(all < 0.92 * plain, "\(path): \(all) of \(plain)")
        }
    }

    /// Numbers that 4 bits can hold are held, of whatever size.
    @Test(arguments: [0x1p-90, 0x1p-40, 1, 0x1p90] as [Float]) func int4KeepsWhatItCanHold(_ scale: Float) throws {
        let weights = (0..<5 * 64).map { (index: Int) -> UInt16 in
            let value = (index * 7 + index / 16) % 16 - 8
            return bfloat16(Float(value) * scale)
        }
        try onEachPath { path in
            let (values, scales, _) = try Self.int4(weights, 5, 64, 64)
            for (index, weight) in weights.enumerated() {
                let far = abs(Float(values[index]) * scales[index / 64] - float(weight))
                #expect(far <= 1e-6 * abs(float(weight)), "\(path), \(index)")
            }
        }
    }

    @Test func rowsOfZerosAndNumbersThatAreNotFiniteHaveFiniteScales() throws {
        let weights = [0, 0, 0, 0, .nan, .infinity, 1, -1].map(bfloat16)
        var values = [Int8](repeating: 9, count: 8)
        var scales = [Float](repeating: 9, count: 2)
        kernels_quantise_int8(&values, &scales, weights, 4, 2, 4)
        #expect(values == [0, 0, 0, 0, 0, 0, 127, -127] && scales == [0, 1 / 127])
        let (int4, groups, _) = try Self.int4(weights, 2, 4, 4)
        #expect(int4[..<6].allSatisfy { $0 == 0 } && groups[0] == 0)
        #expect(abs(Float(int4[6]) * groups[1] - 1) < 0.01 && abs(Float(int4[7]) * groups[1] + 1) < 0.01)
    }
}
