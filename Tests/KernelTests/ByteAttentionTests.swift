import Testing

/// Attention in 8 bits against the definition in float64.
@Suite struct ByteAttentionTests {
    /// What rounding queries, keys and values to 8 bits makes of numbers that are normal, of the length of the result; half
    /// as much again.
    private static let tolerance = 0.03

    private typealias Sample = AttentionSample<UInt16>

    private func sample(
        _ queryLengths: [Int], _ keyLengths: [Int]? = nil, heads: Int = 3, keyHeads: Int = 1, headSize: Int = 40,
        causal: Bool = false, spread: Double = 1
    ) -> Sample {
        var sample = Sample(
            queryLengths, keyLengths, heads: heads, keyHeads: keyHeads, headSize: headSize, causal: causal,
            spread: spread)
        sample.inBytes = true
        return sample
    }

    private func check(_ sample: Sample, _ instructions: InstructionSet, tolerance: Double = tolerance) {
        let error = relativeError(sample.run(instructions), sample.expected())
        #expect(error < tolerance, "\(sample.queryLengths) \(sample.headSize)")
    }

    @Test(arguments: InstructionSet.all) func anyHeadSize(_ instructions: InstructionSet) {
        for size in [1, 2, 7, 9, 16, 17, 25, 33, 64, 80, 120, 128, 255, 256, 509, 512] {
            check(sample([67, 1, 0, 35], heads: 4, keyHeads: 2, headSize: size), instructions)
        }
    }

    @Test(arguments: InstructionSet.all) func anyLength(_ instructions: InstructionSet) {
        for length in [1, 2, 5, 6, 7, 15, 16, 17, 48, 63, 64, 65, 66, 67, 129, 255, 256, 257, 300, 321] {
            check(sample([length]), instructions)
        }
        check(sample([1, 20, 70, 0], [1, 300, 75, 9]), instructions)
    }

    @Test(arguments: InstructionSet.all) func threadsAndNeighboursChangeNoBit(_ instructions: InstructionSet) {
        let both = sample([150, 90], heads: 4, keyHeads: 2)
        let alone = both.run(instructions, threads: 1)
        for threads in [2, 3, 7] as [Int32] { #expect(both.run(instructions, threads: threads) == alone) }
        var second = sample([90], heads: 4, keyHeads: 2)
        second.query = Array(both.query[(150 * both.queryStride)...])
        second.key = Array(both.key[(150 * both.keyStride)...])
        second.value = Array(both.value[(150 * both.keyStride)...])
        #expect(second.run(instructions) == Array(alone[(150 * 4 * 40)...]))
    }

    /// Softmax sees differences of scores: what all keys share costs no precision.
    @Test(arguments: InstructionSet.all) func keysMayBeFarFromZero(_ instructions: InstructionSet) {
        var shifted = sample([200])
        for i in shifted.key.indices where i % shifted.keyStride == 3 {
            shifted.key[i] = UInt16(rounding: shifted.key[i].value + 64)
        }
        check(shifted, instructions)
    }

    /// They are mixed with others before they are rounded; else this is off by 6.0%.
    @Test(arguments: InstructionSet.all) func largeColumnsOfKeysLeaveTheOthersTheirDigits(
        _ instructions: InstructionSet
    ) {
        var large = sample([500], headSize: 120)
        large.scale = 0.18
        for i in large.key.indices where [7, 31].contains(i % large.keyStride) {
            large.key[i] = UInt16(rounding: large.key[i].value * 10)
        }
        check(large, instructions, tolerance: 0.045)
    }

    /// Each token sees itself alone, so its value must come out to the bit: what all values share costs no precision.
    @Test(arguments: InstructionSet.all) func valuesMayBeFarFromZero(_ instructions: InstructionSet) {
        var shifted = sample([64], heads: 1)
        (shifted.key, shifted.scale) = (shifted.query, 6)
        for i in shifted.value.indices { shifted.value[i] = UInt16(rounding: 100 + Double(i * i % 7) / 2) }
        let values = (0..<64).flatMap { shifted.value[$0 * shifted.keyStride..<$0 * shifted.keyStride + 40] }
        #expect(shifted.run(instructions) == values)
    }

    /// Thousands of tokens that weigh little by themselves still weigh what they weigh together.
    @Test(arguments: InstructionSet.all) func oneHeavyTokenLeavesTheOthersTheirWeight(_ instructions: InstructionSet) {
        var heavy = sample([2000], heads: 1, headSize: 4)
        heavy.scale = 1
        for i in heavy.query.indices { heavy.query[i] = UInt16(rounding: i % heavy.queryStride == 0 ? 1 : 0) }
        for i in heavy.key.indices {
            let (token, column) = (i / heavy.keyStride, i % heavy.keyStride)
            heavy.key[i] = UInt16(rounding: token == 777 && column == 0 ? 9 : 0)
            heavy.value[i] = UInt16(rounding: token == 777 ? 0 : column == 1 ? 2 : 1)
        }
        check(heavy, instructions)
    }

    @Test(arguments: InstructionSet.all) func largeScoresChooseTheirKeys(_ instructions: InstructionSet) {
        // Rounding moves scores of hundreds by one: keys whose scores are that near change their weights.
        check(sample([90], headSize: 120, spread: 8), instructions, tolerance: 0.1)
        var rising = sample([400], headSize: 4)
        rising.scale = 1
        for i in rising.query.indices { rising.query[i] = UInt16(rounding: 1) }
        for step in [0.25, 16, -16] {
            for i in rising.key.indices { rising.key[i] = UInt16(rounding: Double(i / rising.keyStride) * step) }
            // Keys are as far from their mean as the last one: a step of the rounded ones is 2% of one of theirs.
            check(rising, instructions, tolerance: 0.05)
        }
    }

    @Test(arguments: InstructionSet.all) func equalScoresAverage(_ instructions: InstructionSet) {
        var equal = sample([130])
        for i in equal.key.indices { equal.key[i] = UInt16(rounding: 0.5) }
        check(equal, instructions)
        equal.scale = 0
        check(equal, instructions)
        var negative = sample([130])
        negative.scale = -0.15
        check(negative, instructions)
    }

    @Test(arguments: InstructionSet.all) func whatIsNotFiniteShows(_ instructions: InstructionSet) {
        for bad in [Double.nan, .infinity] {
            var query = sample([70], heads: 1)
            query.query[9 * query.queryStride] = UInt16(rounding: bad)
            let rows = query.run(instructions)
            for row in 0..<70 {
                let numbers = rows[row * 40..<row * 40 + 40]
                #expect(numbers.allSatisfy { $0.value.isFinite } == (row != 9), "\(row)")
            }
            var value = sample([70], heads: 1)
            value.value[5 * value.keyStride + 3] = UInt16(rounding: bad)
            let columns = value.run(instructions)
            #expect((0..<70).allSatisfy { !columns[$0 * 40 + 3].value.isFinite && columns[$0 * 40 + 4].value.isFinite })
            var key = sample([70], heads: 1)
            key.key[5 * key.keyStride + 3] = UInt16(rounding: Double.nan)
            #expect(key.run(instructions).allSatisfy { $0.value.isNaN })
        }
    }

    @Test(arguments: InstructionSet.all) func extremesStayInRange(_ instructions: InstructionSet) {
        var tiny = sample([20])
        for i in tiny.value.indices { tiny.value[i] = 1 + UInt16(i % 100) }
        #expect(tiny.run(instructions).allSatisfy { abs($0.value) < 0x1p-126 })
        // A step of such scores is more than the powers that weights span.
        let far = sample([70], [300], spread: 3e4)
        #expect(far.run(instructions).allSatisfy { $0.value.isFinite })
        var huge = sample([20])
        for i in huge.value.indices { huge.value[i] = UInt16(rounding: i % 3 == 0 ? -1e34 : 1e34) }
        #expect(huge.run(instructions).allSatisfy { $0.value.isFinite })
    }

    /// Where bytes are no faster, or a mask is asked for, nothing is rounded.
    @Test(arguments: InstructionSet.all) func elsewhereNothingIsRounded(_ instructions: InstructionSet) {
        func plain(_ sample: Sample) -> [UInt16] {
            var plain = sample
            plain.inBytes = false
            return plain.run(instructions)
        }
        let causal = sample([150], causal: true)
        #expect(causal.run(instructions) == plain(causal))
        let full = sample([150])
        #expect((full.run(instructions) == plain(full)) == ![.avxvnni, .avx512vnni, .avx512].contains(instructions))
    }
}
