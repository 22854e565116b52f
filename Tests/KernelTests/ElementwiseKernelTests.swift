import CKernels
import Foundation
import Testing

/// Norms and rotary positions against float64, rounded where the kernels say that they round.
@Suite struct ElementwiseKernelTests {
    private static let columns = [1, 2, 15, 16, 17, 63, 64, 65, 120, 1000]
    private static let epsilon = 1e-5
    /// Ranges of rows, and the rows of the table they take.
    private static let lengths: [Int32] = [0, 17, 1, 0, 33, 5]
    private static let tableRows: [Int32] = [0, 2, 1, 1, 0, 2]
    private static let rows = 56

    private func norm(_ x: [Double], _ weight: [Double]) -> [Double] {
        let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
        return zip(x, weight).map { $0 * $1 / (mean + Self.epsilon).squareRoot() }
    }

    private func tableRow(of row: Int) -> Int {
        var end = 0
        for (length, table) in zip(Self.lengths, Self.tableRows) {
            end += Int(length)
            if row < end { return Int(table) }
        }
        return 0
    }

    private func withSizes(_ columns: Int, _ body: (inout kernels_norm) -> Void) {
        Self.lengths.withUnsafeBufferPointer { lengths in
            Self.tableRows.withUnsafeBufferPointer { rows in
                var sizes = kernels_norm(
                    rows: Int32(Self.rows), columns: Int32(columns), input_stride: columns, residual_stride: columns,
                    output_stride: columns, epsilon: Float(Self.epsilon), ranges: Int32(lengths.count),
                    range_lengths: lengths.baseAddress, table_rows: rows.baseAddress, table_stride: columns)
                body(&sizes)
            }
        }
    }

    private enum Kind: CaseIterable { case plain, modulated, gated, residual }

    private func checkNorms<E: ElementwiseElement>(_: E.Type, _ instructions: InstructionSet, _ kind: Kind) {
        for columns in Self.columns {
            var random = Normal(seed: columns)
            let x: [E] = random.array(Self.rows * columns, 2), residual: [E] = random.array(Self.rows * columns)
            let weight: [E] = random.array(columns), table: [E] = random.array(3 * columns)
            var output = x.map { _ in E(rounding: Double.nan) }
            withSizes(columns) { sizes in
                _ = with(instructions) {
                    switch kind {
                    case .plain: E.norm(&sizes, x, weight, &output)
                    case .modulated: E.modulated(&sizes, x, weight, table, &output)
                    case .gated: E.gated(&sizes, residual, table, x, weight, &output)
                    case .residual: E.gated(&sizes, residual, nil, x, weight, &output)
                    }
                }
            }
            let expected = (0..<Self.rows).flatMap { row in
                let start = row * columns
                let normed = norm(x[start..<start + columns].map(\.value), weight.map(\.value))
                return normed.enumerated().map { column, number in
                    let number = E(rounding: number).value
                    let entry = table[tableRow(of: row) * columns + column].value
                    return switch kind {
                    case .plain: number
                    case .modulated: number * E(rounding: 1 + entry).value
                    case .gated:
                        residual[start + column].value + E(rounding: E(rounding: tanh(entry)).value * number).value
                    case .residual: residual[start + column].value + number
                    }
                }
            }
            #expect(relativeError(output, expected) < 4 * E.epsilon, "\(columns)")
        }
    }

    @Test(arguments: InstructionSet.all) func norms(_ instructions: InstructionSet) {
        for kind in Kind.allCases {
            checkNorms(UInt16.self, instructions, kind)
            checkNorms(Float.self, instructions, kind)
        }
    }

    @Test(arguments: InstructionSet.all) func tanhOfAnyGate(_ instructions: InstructionSet) {
        let gates: [Float] = [.infinity, -.infinity, 0, 0x1p-140, 1e-20, 1e-3, 0.69, 0.7, 0.71, -0.5, 3, -20, 1e30]
        let zeros = gates.map { _ in Float(0) }, ones = gates.map { _ in Float(1) }
        var output = zeros
        let count = gates.count
        var sizes = kernels_norm(
            rows: 1, columns: Int32(count), input_stride: count, residual_stride: count, output_stride: count,
            epsilon: 0, ranges: 0, range_lengths: nil, table_rows: nil, table_stride: 0)
        _ = with(instructions) { kernels_gated_rms_norm_float32(&sizes, zeros, gates, ones, ones, &output) }
        for (gate, got) in zip(gates, output) {
            let expected = tanh(Double(gate))
            #expect(abs(Double(got) - expected) <= 4e-7 * abs(expected), "\(gate)")
        }
    }

    @Test(arguments: InstructionSet.all) func roundingIsToEvenAndKeepsNaN(_ instructions: InstructionSet) {
        // The norm of one 1 is its weight, so what is rounded is residual + weight.
        let residual: [UInt16] = [
            UInt16(rounding: 256), UInt16(rounding: 256), UInt16(rounding: -256), 0x7f80, 0x7f81,
        ]
        let added: [Double] = [1, 3, -1, 1, 1]
        let sums = residual.indices.map { row -> UInt16 in
            let weight = [UInt16(rounding: added[row])]
            var sizes = kernels_norm(
                rows: 1, columns: 1, input_stride: 1, residual_stride: 1, output_stride: 1, epsilon: 0, ranges: 0,
                range_lengths: nil, table_rows: nil, table_stride: 0)
            var output: [UInt16] = [0]
            _ = with(instructions) {
                kernels_gated_rms_norm_bfloat16(
                    &sizes, [residual[row]], nil, [UInt16(rounding: 1)], weight, &output)
            }
            return output[0]
        }
        #expect(sums[..<4] == [UInt16(rounding: 256), UInt16(rounding: 260), UInt16(rounding: -256), 0x7f80])
        #expect(sums[4].value.isNaN)
    }

    private func checkRotary<E: ElementwiseElement>(
        _: E.Type, _ instructions: InstructionSet, pairs: Bool, normed: Bool
    ) {
        for (heads, size) in [(1, 2), (3, 16), (2, 34), (3, 120), (1, 128), (2, 256)] {
            var random = Normal(seed: size)
            let tokens = 7
            let x: [E] = random.array(tokens * heads * size), weight: [E] = random.array(size)
            let angles: [Float] = random.array(tokens * size / 2, 40)
            let cosine = angles.map { cos($0) }, sine = angles.map { sin($0) }
            var output = x.map { _ in E(rounding: Double.nan) }
            var sizes = kernels_rotary(
                tokens: Int32(tokens), heads: Int32(heads), head_size: Int32(size), input_stride: heads * size,
                output_stride: heads * size, table_stride: size / 2, epsilon: Float(Self.epsilon))
            _ = with(instructions) { E.rotate(&sizes, pairs, x, normed ? weight : nil, cosine, sine, &output) }
            var expected = [Double](repeating: 0, count: x.count)
            for start in stride(from: 0, to: x.count, by: size) {
                var head = x[start..<start + size].map(\.value)
                if normed { head = norm(head, weight.map(\.value)).map { E(rounding: $0).value } }
                for j in 0..<size / 2 {
                    let (first, second) = pairs ? (2 * j, 2 * j + 1) : (j, j + size / 2)
                    let place = start / (heads * size) * size / 2 + j
                    let (c, s) = (Double(cosine[place]), Double(sine[place]))
                    expected[start + first] = head[first] * c - head[second] * s
                    expected[start + second] = head[second] * c + head[first] * s
                }
            }
            #expect(relativeError(output, expected) < 4 * E.epsilon, "\(heads) \(size)")
        }
    }

    @Test(arguments: InstructionSet.all) func rotaryPositions(_ instructions: InstructionSet) {
        for pairs in [false, true] {
            for normed in [false, true] {
                checkRotary(UInt16.self, instructions, pairs: pairs, normed: normed)
                checkRotary(Float.self, instructions, pairs: pairs, normed: normed)
            }
        }
    }

    @Test(arguments: InstructionSet.all) func noRowsAreNoRows(_ instructions: InstructionSet) {
        var sizes = kernels_norm(
            rows: 0, columns: 4, input_stride: 4, residual_stride: 4, output_stride: 4, epsilon: 0, ranges: 0,
            range_lengths: nil, table_rows: nil, table_stride: 0)
        var output: [Float] = [7]
        _ = with(instructions) { kernels_rms_norm_float32(&sizes, [1], [1], &output) }
        #expect(output == [7])
    }
}

/// The kernels of a number type.
private protocol ElementwiseElement: Element {
    static func norm(_ sizes: inout kernels_norm, _ x: [Self], _ weight: [Self], _ output: inout [Self])
    static func modulated(
        _ sizes: inout kernels_norm, _ x: [Self], _ weight: [Self], _ scale: [Self], _ output: inout [Self])
    static func gated(
        _ sizes: inout kernels_norm, _ residual: [Self], _ gate: [Self]?, _ x: [Self], _ weight: [Self],
        _ output: inout [Self])
    static func rotate(
        _ sizes: inout kernels_rotary, _ pairs: Bool, _ x: [Self], _ weight: [Self]?, _ cosine: [Float],
        _ sine: [Float], _ output: inout [Self])
}

extension UInt16: ElementwiseElement {
    fileprivate static func norm(
        _ sizes: inout kernels_norm, _ x: [UInt16], _ weight: [UInt16], _ output: inout [UInt16]
    ) {
        kernels_rms_norm_bfloat16(&sizes, x, weight, &output)
    }

    fileprivate static func modulated(
        _ sizes: inout kernels_norm, _ x: [UInt16], _ weight: [UInt16], _ scale: [UInt16], _ output: inout [UInt16]
    ) {
        kernels_modulated_rms_norm_bfloat16(&sizes, x, weight, scale, &output)
    }

    fileprivate static func gated(
        _ sizes: inout kernels_norm, _ residual: [UInt16], _ gate: [UInt16]?, _ x: [UInt16], _ weight: [UInt16],
        _ output: inout [UInt16]
    ) {
        guard let gate else { return kernels_gated_rms_norm_bfloat16(&sizes, residual, nil, x, weight, &output) }
        kernels_gated_rms_norm_bfloat16(&sizes, residual, gate, x, weight, &output)
    }

    fileprivate static func rotate(
        _ sizes: inout kernels_rotary, _ pairs: Bool, _ x: [UInt16], _ weight: [UInt16]?, _ cosine: [Float],
        _ sine: [Float], _ output: inout [UInt16]
    ) {
        let kernel = pairs ? kernels_rotate_pairs_bfloat16 : kernels_rotate_halves_bfloat16
        guard let weight else { return kernel(&sizes, x, nil, cosine, sine, &output) }
        kernel(&sizes, x, weight, cosine, sine, &output)
    }
}

extension Float: ElementwiseElement {
    fileprivate static func norm(_ sizes: inout kernels_norm, _ x: [Float], _ weight: [Float], _ output: inout [Float])
    {
        kernels_rms_norm_float32(&sizes, x, weight, &output)
    }

    fileprivate static func modulated(
        _ sizes: inout kernels_norm, _ x: [Float], _ weight: [Float], _ scale: [Float], _ output: inout [Float]
    ) {
        kernels_modulated_rms_norm_float32(&sizes, x, weight, scale, &output)
    }

    fileprivate static func gated(
        _ sizes: inout kernels_norm, _ residual: [Float], _ gate: [Float]?, _ x: [Float], _ weight: [Float],
        _ output: inout [Float]
    ) {
        guard let gate else { return kernels_gated_rms_norm_float32(&sizes, residual, nil, x, weight, &output) }
        kernels_gated_rms_norm_float32(&sizes, residual, gate, x, weight, &output)
    }

    fileprivate static func rotate(
        _ sizes: inout kernels_rotary, _ pairs: Bool, _ x: [Float], _ weight: [Float]?, _ cosine: [Float],
        _ sine: [Float], _ output: inout [Float]
    ) {
        let kernel = pairs ? kernels_rotate_pairs_float32 : kernels_rotate_halves_float32
        guard let weight else { return kernel(&sizes, x, nil, cosine, sine, &output) }
        kernel(&sizes, x, weight, cosine, sine, &output)
    }
}
