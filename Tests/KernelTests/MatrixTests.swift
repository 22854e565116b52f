import CKernels
import Foundation
import Testing

/// `exp` of the C library, under a name of its own.
func exponential(_ x: Double) -> Double { exp(x) }

/// Matrix products on every path against double precision.
@Suite struct MatrixTests {
    static let formats = [KERNELS_FLOAT32, KERNELS_BFLOAT16, KERNELS_INT8, KERNELS_INT4, KERNELS_COMPACT_BFLOAT16]

    /// Half a unit in the last place of Y's type, and the error of float32 sums of some hundred numbers.
    private static func tolerance(_ product: MatrixProduct, _ expected: (value: Double, magnitude: Double)) -> Double {
        let last: Double = product.format == KERNELS_FLOAT32 ? 0x1p-24 : 0x1p-8
        return 1.01 * last * abs(expected.value) + 4e-6 * expected.magnitude + 0x1p-134
    }

    static func check(_ product: MatrixProduct, _ what: String, location: SourceLocation = #_sourceLocation) throws {
        let y = try #require(product.multiplied(), "beside Y: \(what)", sourceLocation: location)
        for (index, (value, expected)) in zip(y, product.reference()).enumerated() {
            let close = abs(Double(value) - expected.value) <= tolerance(product, expected)
            let same = expected.value.isFinite ? close : value.isNaN || Double(value) == expected.value
            if !same {
                Issue.record("\(what), \(index): \(value), expected \(expected.value)", sourceLocation: location)
                return
            }
        }
    }

    @Test(arguments: formats) func oddSizesAgreeWithDoublePrecision(_ format: kernels_format) throws {
        var seed = 0
        try onEachPath { path in
            for rows in [1, 2, 3, 4, 5, 7, 13, 65] {
                for (outputs, inputs) in [(1, 1), (15, 63), (33, 2), (64, 64), (65, 126), (100, 189), (131, 300)] {
                    seed += 1
                    let group = [60, 32].first { inputs % $0 == 0 } ?? inputs
                    let product = MatrixProduct(
                        format, rows, outputs, inputs, group: group, swiglu: seed % 3 == 0, epilogue: seed % 16,
                        seed: seed)
                    try Self.check(product, "\(path), \(format.rawValue), \(rows)x\(outputs)x\(inputs), \(seed)")
                }
            }
        }
    }

    /// Several blocks of rows, several pieces of the inputs, several tasks.
    @Test(arguments: formats) func largeSizesAgreeWithDoublePrecision(_ format: kernels_format) throws {
        let product = MatrixProduct(format, 389, 290, 2520, group: 120, epilogue: 15, seed: 7)
        let small = MatrixProduct(format, 5, 600, 4200, group: 40, swiglu: true, epilogue: 3, seed: 8)
        try onEachPath { path in
            try Self.check(product, "\(path), \(format.rawValue)")
            try Self.check(small, "\(path), \(format.rawValue), swiglu")
        }
    }

    @Test func groupsOfAnyLengthThatDividesTheInputsWork() throws {
        try onEachPath { path in
            for group in [4, 12, 40, 60, 72, 120, 252, 360, 504, 840, 2520] {
                let product = MatrixProduct(KERNELS_INT4, 1 + group % 5, 70, 2520, group: group, seed: group)
                try Self.check(product, "\(path), groups of \(group)")
            }
        }
    }

    /// The same weights in 8 bits give the same bits.
    private func checkAgainstInt8(_ four: MatrixProduct, _ group: Int, _ name: String) throws {
        var eight = four
        eight.format = KERNELS_INT8
        eight.weights = four.weights.indices.map { four.weights[$0] * Float(four.multiples[$0 / group]) }
        try onEachPath { path in
            let same = try #require(four.multiplied()) == eight.multiplied()
            #expect(same, "\(path), \(name)")
        }
    }

    /// What 4 bits and multiples say can be said in 8 bits.
    @Test func int4IsInt8OfTheProducts() throws {
        for (inputs, group) in [(63, 63), (2520, 60), (1280, 64)] {
            for rows in [1, 2, 4, 6, 7, 40, 200] {
                let four = MatrixProduct(KERNELS_INT4, rows, 70, inputs, group: group, epilogue: 3, seed: rows)
                try checkAgainstInt8(four, group, "\(rows) rows, \(inputs) inputs")
            }
        }
    }

    /// The largest products there are, whose sums must not leave the bits that hold them.
    @Test(arguments: [(63, 63), (127, 127), (1280, 64), (2520, 60)])
    func int4HoldsTheLargestSums(inputs: Int, group: Int) throws {
        for rows in [1, 4, 7] {
            for (input, weight) in [(1, 7), (-1, 7), (1, -8), (-1, -8)] as [(Float, Float)] {
                var four = MatrixProduct(KERNELS_INT4, rows, 70, inputs, group: group, seed: rows)
                four.x = four.x.map { _ in input }
                four.weights = four.weights.map { _ in weight }
                try checkAgainstInt8(four, group, "\(rows) rows, \(input) times \(weight)")
            }
        }
    }

    /// With numbers of all exponents among them, as many as there is room for.
    @Test func compactNumbersAreThoseOfBfloat16() throws {
        let extremes: [Float] = [.nan, .infinity, -0.0, 0, 0x1p-130, 0x1p-100, -0x1p-40, 3e38, -0x1p20, 0x1p70]
        for (inputs, isGated) in [(2520, false), (2520, true), (1281, false), (63, false)] {
            for rows in [1, 2, 3, 4, 6, 7, 16, 40, 200, 300] {
                var wide = MatrixProduct(KERNELS_BFLOAT16, rows, 150, inputs, swiglu: isGated, epilogue: 3, seed: rows)
                for (index, place) in stride(from: 5, to: wide.weights.count, by: 401).enumerated() {
                    wide.weights[place] = extremes[index % extremes.count]
                }
                var compact = wide
                compact.format = KERNELS_COMPACT_BFLOAT16
                try onEachPath { path in
                    let (all, fewer) = (try #require(wide.multiplied()), try #require(compact.multiplied()))
                    let same = zip(all, fewer).allSatisfy { $0.bitPattern == $1.bitPattern }
                    #expect(same, "\(path), \(rows) rows, \(inputs) inputs")
                }
            }
        }
    }

    @Test func whatHasTooManyExponentsIsNotCompact() throws {
        var product = MatrixProduct(KERNELS_COMPACT_BFLOAT16, 3, 70, 640, seed: 2)
        #expect(product.multiplied() != nil)
        for place in product.weights.indices where place % 200 == 0 {
            product.weights[place] = Float(sign: .plus, exponent: -90 + place / 200 % 60, significand: 1)
        }
        #expect(product.multiplied() == nil)
    }

    /// Exceptions of a damaged file, at places that are not there and more than there is room for, change nothing.
    @Test(arguments: [3, 9]) func exceptionsThatCannotBeAreLeftOut(rows: Int) throws {
        let product = MatrixProduct(KERNELS_COMPACT_BFLOAT16, rows, 70, 640, seed: 6)
        func multiplied(exceptions: UInt32) -> [Float]? {
            product.multiplied { packed, weight in
                let panel = kernels_packed_size(&weight) / 2
                for start in [0, panel] {
                    packed.storeBytes(of: exceptions, toByteOffset: start + 16, as: UInt32.self)
                    let room = packed + start + 64
                    room.initializeMemory(as: UInt8.self, repeating: 0xff, count: 640 / 2 * 128 / 256 * 4)
                    // Out of order, as if before what is asked for.
                    room.storeBytes(of: UInt32.max, as: UInt32.self)
                    room.storeBytes(of: 0, toByteOffset: 4 * 80, as: UInt32.self)
                }
            }
        }
        try onEachPath { path in
            let none = try #require(multiplied(exceptions: 0))
            #expect(multiplied(exceptions: .max) == none, "\(path)")
        }
    }

    @Test func compactNumbersTakeTwelveBits() {
        var weight = kernels_weight()
        (weight.format, weight.outputs, weight.inputs) = (KERNELS_COMPACT_BFLOAT16, 11008, 2048)
        let bits = 8 * Double(kernels_packed_size(&weight)) / (11008 * 2048)
        #expect(bits > 12 && bits < 12.15)
    }

    @Test(arguments: formats) func withoutInputsThereIsTheEpilogue(_ format: kernels_format) throws {
        try onEachPath { path in
            for rows in [1, 7, 150] {
                let product = MatrixProduct(format, rows, 70, 0, epilogue: 7, seed: rows)
                try Self.check(product, "\(path), \(format.rawValue), \(rows) rows")
            }
        }
    }

    @Test(arguments: formats) func packingBlockByBlockIsPackingAtOnce(_ format: kernels_format) throws {
        let product = MatrixProduct(format, 3, 150, 36, group: 12, swiglu: true, seed: 3)
        try onEachPath { path in
            let whole = try #require(product.multiplied(packedBy: 1000))
            for block in [64, 7] {
                let same = product.multiplied(packedBy: block) == whole
                #expect(same, "\(path), blocks of \(block) rows")
            }
        }
    }

    @Test(arguments: formats) func theResidualMayBeTheResult(_ format: kernels_format) throws {
        let product = MatrixProduct(format, 20, 150, 36, group: 12, epilogue: 7, seed: 4)
        try onEachPath { path in
            let apart = try #require(product.multiplied())
            let same = product.multiplied(inPlace: true) == apart
            #expect(same, "\(path)")
        }
    }

    @Test(arguments: formats) func theNumberOfThreadsChangesNoBit(_ format: kernels_format) throws {
        let product = MatrixProduct(format, 300, 700, 132, group: 44, epilogue: 1, seed: 5)
        for instructions in InstructionSet.all {
            let alone = try #require(with(instructions, threads: 1) { product.multiplied() } ?? nil)
            for threads: Int32 in [2, 3, 5] {
                let same = with(instructions, threads: threads) { product.multiplied() } == alone
                #expect(same, "\(instructions), \(threads) threads")
            }
        }
    }

    /// Few rows, some tiles, several blocks.
    @Test(arguments: formats) func aRowIsTheSameWhateverIsBesideIt(_ format: kernels_format) throws {
        for (inputs, group) in [(132, 44), (2520, 60), (640, 320), (126, 126)] {
            let product = MatrixProduct(format, 301, 70, inputs, group: group, seed: inputs)
            try onEachPath { path in
                let all = try #require(product.multiplied())
                for rows in [1, 2, 3, 4, 5, 9, 30, 97, 150] {
                    var part = product
                    (part.rows, part.x) = (rows, Array(product.x[..<(rows * inputs)]))
                    let same = part.multiplied() == Array(all[..<(rows * 70)])
                    #expect(same, "\(path), \(format.rawValue), \(inputs) inputs, \(rows) rows")
                }
            }
        }
    }

    /// So many inputs that rows are not all copied at once where tiles are computed with.
    @Test func rowsThatAreTakenInSeveralTurnsAreAsAlone() throws {
        let (inputs, rows, last) = (80_000, 230, 3)
        let product = MatrixProduct(KERNELS_BFLOAT16, rows, 3, inputs, epilogue: 11, seed: 14)
        let fastest = try #require(InstructionSet.all.last)
        let all = try #require(with(fastest) { product.multiplied() } ?? nil)
        var part = product
        (part.rows, part.x) = (last, Array(product.x[((rows - last) * inputs)...]))
        part.residual = product.residual.map { Array($0[((rows - last) * 3)...]) }
        part.gateRows = product.gateRows.map { Array($0[(rows - last)...]) }
        let same = with(fastest) { part.multiplied() } == Array(all[((rows - last) * 3)...])
        #expect(same)
    }

    @Test(arguments: formats) func infinityAndNaNReachTheirRowsAndNoOther(_ format: kernels_format) throws {
        try onEachPath { path in
            for inputs in [1, 63, 64, 126] {
                var product = MatrixProduct(format, 9, 70, inputs, group: inputs, seed: inputs)
                product.x[2 * inputs + inputs - 1] = .infinity
                product.x[4 * inputs] = .nan
                product.x[7 * inputs + inputs / 2] = -.infinity
                try Self.check(product, "\(path), \(format.rawValue), \(inputs) inputs")
            }
        }
    }

    @Test(arguments: [KERNELS_FLOAT32, KERNELS_BFLOAT16, KERNELS_COMPACT_BFLOAT16])
    func weightsThatAreNotFiniteReachTheirOutputs(_ format: kernels_format) throws {
        try onEachPath { path in
            var product = MatrixProduct(format, 7, 70, 33, seed: 11)
            product.weights[3 * 33 + 32] = .infinity
            product.weights[69 * 33] = .nan
            try Self.check(product, "\(path), \(format.rawValue)")
        }
    }

    @Test(arguments: formats) func numbersAtTheEdgesOfTheRangeKeepTheirSize(_ format: kernels_format) throws {
        try onEachPath { path in
            for scale: Float in [0x1p-100, 0x1p-60, 0x1p60, 0x1p110] {
                var product = MatrixProduct(format, 7, 70, 64, group: 32, seed: 12)
                product.x = product.x.map { product.rounded($0 * scale) }
                try Self.check(product, "\(path), \(format.rawValue), \(scale)")
            }
        }
    }

    /// With AVX-512 subnormal bfloat16 numbers count as 0, so no error is larger than they are.
    @Test(arguments: formats) func subnormalNumbersAreKeptOrCountAsZero(_ format: kernels_format) throws {
        try onEachPath { path in
            var product = MatrixProduct(format, 7, 70, 64, group: 32, seed: 13)
            product.x = product.x.map { product.rounded($0 * 0x1p-127) }
            let y = try #require(product.multiplied())
            let flushes = ["avx512", "amx"].contains(path) && product.isBfloat16
            for (value, expected) in zip(y, product.reference()) {
                let least = flushes ? 64 * 7.5 * 0x1p-126 : 0x1p-133 + 0.02 * expected.magnitude
                #expect(abs(Double(value) - expected.value) <= least, "\(path), \(format.rawValue)")
            }
        }
    }

    @Test func aSumThatIsTooLargeForBfloat16IsInfinite() throws {
        try onEachPath { path in
            var product = MatrixProduct(KERNELS_BFLOAT16, 2, 20, 2)
            product.x = product.x.map { _ in float(0x7f7f) }
            product.weights = product.weights.map { _ in 1 }
            let y = try #require(product.multiplied())
            #expect(y.allSatisfy { $0 == .infinity }, "\(path)")
        }
    }

    @Test func siluIsRightFarFromZero() throws {
        try onEachPath { path in
            var product = MatrixProduct(KERNELS_FLOAT32, 1, 40, 1, swiglu: true)
            product.x = [1]
            product.weights = (0..<80).map { $0 < 40 ? Float($0 - 20) * 5 : 1 }
            product.weights[0] = .infinity
            product.weights[1] = .nan
            product.weights[2] = -1e30
            let y = try #require(product.multiplied())
            #expect(y[0] == .infinity && y[1].isNaN && y[2] == 0, "\(path)")
            for output in 3..<40 {
                let gate = Double(product.weights[output])
                let expected = gate / (1 + exponential(-gate))
                #expect(abs(Double(y[output]) - expected) <= 1e-6 * abs(expected) + 1e-36, "\(path), \(gate)")
            }
        }
    }
}
