import CKernels
import Foundation
import Testing

/// Convolutions of 3 x 3 against float64.
@Suite struct ConvolutionTests {
    /// Points of inputs and of weights are rounded, then the result.
    private static let roundings = 3.0

    /// Pictures and channels that fill panels, tiles and vectors, and that do not.
    private static let sizes = [
        Size(inputs: 1, outputs: 1, rows: 1, width: 1), Size(inputs: 16, outputs: 64, rows: 2, width: 2),
        Size(inputs: 17, outputs: 5, rows: 5, width: 3), Size(inputs: 33, outputs: 70, rows: 3, width: 14),
        Size(inputs: 64, outputs: 128, rows: 4, width: 67), Size(inputs: 32, outputs: 33, rows: 2, width: 131),
        Size(inputs: 512, outputs: 96, rows: 2, width: 70),
    ]

    @Test(arguments: InstructionSet.all) func agreesWithFloat64(_ instructions: InstructionSet) throws {
        for size in Self.sizes {
            for isDoubled in [false, true] {
                // With norm and residual, and without.
                for isWhole in [false, true] {
                    let size = isDoubled ? size.halved : size
                    try check(Sample<Float>(size, isDoubled: isDoubled, isWhole: isWhole), instructions)
                    try check(Sample<UInt16>(size, isDoubled: isDoubled, isWhole: isWhole), instructions)
                }
            }
        }
    }

    private func check<E: MatrixElement>(_ sample: Sample<E>, _ instructions: InstructionSet) throws {
        let got = try #require(with(instructions) { sample.convolved() })
        // Float32 sums differ by their order too.
        let tolerance = Self.roundings * (E.epsilon < 1e-6 ? 16 * E.epsilon : E.epsilon)
        let error = relativeError(got, sample.expected())
        #expect(error < tolerance, "\(E.self), \(sample.size), doubled: \(sample.isDoubled), \(instructions)")
    }

    @Test(arguments: InstructionSet.all) func whatIsNotFiniteShowsWhereItIsSeen(_ instructions: InstructionSet) throws {
        for hole in [Double.nan, .infinity] {
            for isDoubled in [false, true] {
                try checkHole(of: Float.self, hole, isDoubled, instructions)
                try checkHole(of: UInt16.self, hole, isDoubled, instructions)
            }
        }
    }

    private func checkHole<E: MatrixElement & Equatable>(
        of: E.Type, _ hole: Double, _ isDoubled: Bool, _ instructions: InstructionSet
    ) throws {
        let (width, outputs, zoom) = (11, 3, isDoubled ? 2 : 1)
        var sample = Sample<E>(
            Size(inputs: 32, outputs: outputs, rows: 12, width: width), isDoubled: isDoubled, isWhole: false)
        let clean = try #require(with(instructions) { sample.convolved() })
        for (holeRow, holeColumn) in [(6, 5), (7, 8), (0, 0)] {
            let place = (holeRow * width + holeColumn) * 32 + 7
            let before = sample.x[place]
            sample.x[place] = E(rounding: hole)
            let got = try #require(with(instructions) { sample.convolved() })
            sample.x[place] = before
            for (index, number) in got.enumerated() {
                let (row, column) = (index / (zoom * width * outputs), index / outputs % (zoom * width))
                func sees(_ place: Int, _ hole: Int) -> Bool { place >= zoom * hole - 1 && place <= zoom * (hole + 1) }
                if sees(row, holeRow) && sees(column, holeColumn) {
                    #expect(!number.value.isFinite)
                } else {
                    #expect(number == clean[index])
                }
            }
        }
    }

    @Test(arguments: InstructionSet.all) func hugeAndTinyNumbers(_ instructions: InstructionSet) throws {
        // A denormal number is one or none; nothing comes of it either way.
        for (factor, least) in [(1e36, 0.0), (1e-42, 1e-38)] {
            var sample = Sample<Float>(Size(inputs: 16, outputs: 2, rows: 4, width: 4), isWhole: false)
            sample.x = sample.x.map { Float(Double($0) * factor) }
            sample.bias = [0, 0]
            sample.residual = nil
            let got = try #require(with(instructions) { sample.convolved() })
            for (got, expected) in zip(got, sample.expected()) {
                #expect(abs(Double(got) - expected) <= max(1e-5 * factor * 16, least))
            }
        }
    }

    @Test(arguments: InstructionSet.all) func threadsAndCutsChangeNoBit(_ instructions: InstructionSet) throws {
        try checkCuts(of: UInt16.self, instructions)
        try checkCuts(of: Float.self, instructions)
    }

    private func checkCuts<E: MatrixElement & Equatable>(of: E.Type, _ instructions: InstructionSet) throws {
        for isDoubled in [false, true] {
            let sample = Sample<E>(
                Size(inputs: 96, outputs: 80, rows: 20, width: 190), isDoubled: isDoubled, isWhole: true)
            let whole = try #require(with(instructions, threads: 1) { sample.convolved() })
            let threads = try #require(with(instructions, threads: 3) { sample.convolved() })
            let parts = try #require(
                with(instructions) { [0..<2, 2..<12, 12..<20].map { sample.convolved(rows: $0) } })
            #expect(whole == threads && whole == Array(parts.joined()))
        }
    }
}

private struct Size {
    var inputs, outputs: Int
    /// Of X.
    var rows, width: Int

    var halved: Size { Size(inputs: inputs, outputs: outputs, rows: (rows + 1) / 2, width: (width + 1) / 2) }
}

private protocol MatrixElement: Element {
    static var format: kernels_format { get }
}

extension Float: MatrixElement {
    fileprivate static var format: kernels_format { KERNELS_FLOAT32 }
}

extension UInt16: MatrixElement {
    fileprivate static var format: kernels_format { KERNELS_BFLOAT16 }
}

/// A convolution of random numbers.
private struct Sample<E: MatrixElement> {
    let size: Size
    let isDoubled: Bool
    var x: [E]
    let weights: [E]
    let scale, shift: [Float]?
    var bias: [Float]
    var residual: [E]?

    init(_ size: Size, isDoubled: Bool = false, isWhole: Bool = true) {
        (self.size, self.isDoubled) = (size, isDoubled)
        var random = Normal(seed: size.inputs + size.width)
        x = random.array(size.rows * size.width * size.inputs)
        weights = random.array(size.outputs * size.inputs * 9, 1 / (9 * Double(size.inputs)).squareRoot())
        scale = isWhole ? random.array(size.inputs) : nil
        shift = isWhole ? random.array(size.inputs) : nil
        bias = random.array(size.outputs)
        residual = isWhole ? random.array(size.rows * size.width * size.outputs * (isDoubled ? 4 : 1)) : nil
    }

    private var zoom: Int { isDoubled ? 2 : 1 }

    /// By the kernel, from some rows of X.
    func convolved(rows wanted: Range<Int>? = nil) -> [E] {
        let wanted = wanted ?? 0..<size.rows
        let rowNumbers = zoom * zoom * size.width * size.outputs
        var y = [E](repeating: E(rounding: .nan), count: wanted.count * rowNumbers)
        var convolution = kernels_convolution()
        (convolution.format, convolution.inputs, convolution.outputs) = (E.format, size.inputs, size.outputs)
        convolution.doubled = isDoubled
        let isWhole = withScratch(kernels_convolution_size(&convolution)) { packed in
            convolution.packed = packed
            weights.withUnsafeBytes { kernels_pack_convolution(&convolution, $0.baseAddress) }
            x.withUnsafeBytes { x in
                let rows = (wanted.lowerBound - 1..<wanted.upperBound + 1).map { row in
                    (0..<size.rows).contains(row)
                        ? x.baseAddress.map { $0 + row * size.width * size.inputs * MemoryLayout<E>.stride } : nil
                }
                (residual ?? []).withUnsafeBufferPointer { numbers in
                    y.withUnsafeMutableBytes { y in
                        let added = residual == nil ? nil : numbers.baseAddress
                        convolve(
                            &convolution, wanted.count, rows, added.map { $0 + wanted.lowerBound * rowNumbers },
                            y.baseAddress)
                    }
                }
            }
        }
        #expect(isWhole)
        return y
    }

    private func convolve(
        _ convolution: inout kernels_convolution, _ count: Int, _ rows: [UnsafeRawPointer?],
        _ residual: UnsafePointer<E>?, _ y: UnsafeMutableRawPointer?
    ) {
        var convolved = kernels_convolved()
        (convolved.rows, convolved.width) = (zoom * count, size.width)
        (convolved.residual, convolved.y) = (UnsafeRawPointer(residual), y)
        rows.withUnsafeBufferPointer { rows in
            bias.withUnsafeBufferPointer { bias in
                (scale ?? []).withUnsafeBufferPointer { scaling in
                    (shift ?? []).withUnsafeBufferPointer { shifting in
                        (convolved.x, convolved.bias) = (rows.baseAddress, bias.baseAddress)
                        convolved.scale = scale == nil ? nil : scaling.baseAddress
                        convolved.shift = shift == nil ? nil : shifting.baseAddress
                        #expect(kernels_convolve(&convolution, &convolved))
                    }
                }
            }
        }
    }

    /// silu(x * scale + shift) of a pixel, zeros outside.
    private func normed(_ row: Int, _ column: Int) -> [Double] {
        guard (0..<zoom * size.rows).contains(row), (0..<zoom * size.width).contains(column) else {
            return Array(repeating: 0, count: size.inputs)
        }
        let first = (row / zoom * size.width + column / zoom) * size.inputs
        return (0..<size.inputs).map { input in
            guard let scale, let shift else { return x[first + input].value }
            let y = x[first + input].value * Double(scale[input]) + Double(shift[input])
            return y / (1 + exp(-y))
        }
    }

    func expected() -> [Double] {
        let (rows, width) = (zoom * size.rows, zoom * size.width)
        let seen = (-1...rows).map { row in (-1...width).map { normed(row, $0) } }
        let kernels = (0..<size.outputs).map { output in
            (0..<9).map { tap in
                (0..<size.inputs).map { weights[(output * size.inputs + $0) * 9 + tap].value }
            }
        }
        var result: [Double] = []
        for row in 0..<rows {
            for column in 0..<width {
                for output in 0..<size.outputs {
                    var sum = Double(bias[output]) + (residual?[result.count].value ?? 0)
                    for tap in 0..<9 {
                        let (x, w) = (seen[row + tap / 3][column + tap % 3], kernels[output][tap])
                        for input in 0..<size.inputs { sum += x[input] * w[input] }
                    }
                    result.append(sum)
                }
            }
        }
        return result
    }
}
