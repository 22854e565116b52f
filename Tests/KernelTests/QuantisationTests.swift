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

    @Test(arguments: [63, 42, 1]) func int4IsTheNearestOfItsScale(_ group: Int) {
        let weights = Self.weights()
        var values = [Int8](repeating: 0, count: weights.count)
        var scales = [Float](repeating: 0, count: weights.count / group)
        kernels_quantise_int4(&values, &scales, weights, Self.inputs, Self.rows, Self.inputs, group)
        for (index, weight) in weights.enumerated() {
            let scale = scales[index / group]
            #expect(scale == float(bfloat16(scale)) && (-8...7).contains(values[index]))
            // What would round to 8 becomes 7.
            let error = abs(Float(values[index]) * scale - float(weight))
            #expect(error <= (values[index] == 7 ? 1.04 : 0.5001) * abs(scale))
        }
    }

    @Test func rowsOfZerosAndNumbersThatAreNotFiniteHaveFiniteScales() {
        let weights = [0, 0, 0, 0, .nan, .infinity, 1, -1].map(bfloat16)
        var values = [Int8](repeating: 9, count: 8)
        var scales = [Float](repeating: 9, count: 2)
        kernels_quantise_int8(&values, &scales, weights, 4, 2, 4)
        #expect(values == [0, 0, 0, 0, 0, 0, 127, -127] && scales == [0, 1 / 127])
        kernels_quantise_int4(&values, &scales, weights, 4, 2, 4, 4)
        #expect(values == [0, 0, 0, 0, 0, 0, -8, 7] && scales == [0, -1 / 8])
    }
}
