import CKernels
import Foundation
import Testing

/// Attention against the definition in float64.
@Suite struct AttentionKernelTests {
    /// bfloat16 rounds weights and the result; some scores far from 0 lose digits.
    private static func tolerance<E: AttentionElement>(_: E.Type, large: Bool = false) -> Double {
        E.epsilon * (large ? (E.self == Float.self ? 2e4 : 8) : E.self == Float.self ? 32 : 2.5)
    }

    private func check<E: AttentionElement>(
        _ sample: AttentionSample<E>, _ instructions: InstructionSet, large: Bool = false
    ) {
        let error = relativeError(sample.run(instructions), sample.expected())
        #expect(error < Self.tolerance(E.self, large: large), "\(sample.queryLengths) \(sample.headSize)")
    }

    @Test(arguments: InstructionSet.all) func anyHeadSize(_ instructions: InstructionSet) {
        for size in [1, 2, 7, 9, 16, 17, 25, 33, 64, 80, 120, 128, 255, 256, 509, 512] {
            check(AttentionSample<UInt16>([67, 1, 0, 35], heads: 4, keyHeads: 2, headSize: size), instructions)
            check(AttentionSample<Float>([67, 1, 0, 35], heads: 4, keyHeads: 2, headSize: size), instructions)
        }
    }

    @Test(arguments: InstructionSet.all) func anyLength(_ instructions: InstructionSet) {
        for length in [1, 2, 5, 6, 7, 15, 16, 17, 48, 63, 64, 65, 66, 67, 129, 255, 257, 300] {
            for causal in [false, true] {
                check(AttentionSample<UInt16>([length], heads: 3, causal: causal), instructions)
                check(AttentionSample<Float>([length], heads: 3, causal: causal), instructions)
            }
        }
    }

    @Test(arguments: InstructionSet.all) func queriesAreTheLastOfACache(_ instructions: InstructionSet) {
        for causal in [false, true] {
            check(AttentionSample<UInt16>([1, 20, 70, 0], [1, 300, 75, 9], causal: causal), instructions)
            check(AttentionSample<Float>([1, 20, 70, 0], [1, 300, 75, 9], causal: causal), instructions)
        }
    }

    @Test(arguments: InstructionSet.all) func threadsChangeNoBit(_ instructions: InstructionSet) {
        let sample = AttentionSample<UInt16>([150, 3, 80], heads: 4, keyHeads: 2, causal: true)
        let alone = sample.run(instructions, threads: 1)
        for threads in [2, 3, 7] as [Int32] { #expect(sample.run(instructions, threads: threads) == alone) }
    }

    @Test(arguments: InstructionSet.all) func nothingIsNothing(_ instructions: InstructionSet) {
        check(AttentionSample<UInt16>([]), instructions)
        check(AttentionSample<Float>([0, 0]), instructions)
    }

    @Test(arguments: InstructionSet.all) func scoresOfTenThousands(_ instructions: InstructionSet) {
        check(AttentionSample<UInt16>([90], headSize: 120, causal: true, spread: 60), instructions, large: true)
        check(AttentionSample<Float>([90], headSize: 120, spread: 60), instructions, large: true)
    }

    /// The largest score comes last, each larger than all before: every block moves the reference.
    @Test(arguments: InstructionSet.all) func risingScores(_ instructions: InstructionSet) {
        func rising<E: AttentionElement>(_: E.Type, by step: Double) -> AttentionSample<E> {
            var sample = AttentionSample<E>([400], headSize: 4)
            sample.scale = 1
            for i in sample.query.indices { sample.query[i] = E(rounding: 1) }
            for i in sample.key.indices { sample.key[i] = E(rounding: Double(i / sample.keyStride) * step) }
            return sample
        }
        for step in [0.25, 16, -16] {
            check(rising(UInt16.self, by: step), instructions)
            check(rising(Float.self, by: step), instructions)
        }
    }

    @Test(arguments: InstructionSet.all) func equalScoresAverage(_ instructions: InstructionSet) {
        var sample = AttentionSample<UInt16>([130])
        for i in sample.key.indices { sample.key[i] = UInt16(rounding: 0.5) }
        check(sample, instructions)
        sample.scale = 0
        check(sample, instructions)
        sample.scale = -0.15
        check(sample, instructions)
    }

    @Test(arguments: InstructionSet.all) func scoresOfMinusInfinityWeighNothing(_ instructions: InstructionSet) {
        var sample = AttentionSample<UInt16>([100], headSize: 2)
        for i in sample.query.indices { sample.query[i] = UInt16(rounding: 1) }
        for i in 0..<70 * sample.keyStride { sample.key[i] = UInt16(rounding: -Double.infinity) }
        check(sample, instructions)
    }

    @Test(arguments: InstructionSet.all) func aRowWithNaNIsNaNAndOthersAreNot(_ instructions: InstructionSet) {
        var sample = AttentionSample<UInt16>([70], heads: 1)
        sample.query[9 * sample.queryStride] = UInt16(rounding: Double.nan)
        let output = sample.run(instructions)
        for row in 0..<70 {
            let numbers = output[row * 40..<row * 40 + 40]
            #expect(numbers.allSatisfy { $0.value.isNaN == (row == 9) }, "\(row)")
        }
    }

    @Test(arguments: InstructionSet.all) func infiniteValuesStay(_ instructions: InstructionSet) {
        var sample = AttentionSample<Float>([70], heads: 1)
        sample.value[5 * sample.keyStride + 3] = .infinity
        let output = sample.run(instructions)
        #expect((0..<70).allSatisfy { output[$0 * 40 + 3] == .infinity && output[$0 * 40 + 4].isFinite })
    }

    @Test(arguments: InstructionSet.all) func denormalNumbersAreTinyAtMost(_ instructions: InstructionSet) {
        var sample = AttentionSample<UInt16>([20])
        for i in sample.value.indices { sample.value[i] = 1 + UInt16(i % 100) }
        #expect(sample.run(instructions).allSatisfy { abs($0.value) < 0x1p-126 })
        var exact = AttentionSample<Float>([20])
        for i in exact.value.indices { exact.value[i] = 0x1p-140 }
        #expect(exact.run(instructions).allSatisfy { abs($0 - 0x1p-140) < 0x1p-146 })
    }

    @Test(arguments: InstructionSet.all) func decodingIsAttentionOfOneToken(_ instructions: InstructionSet) {
        func check<E: AttentionElement>(_: E.Type, _ keys: Int, _ group: Int, _ size: Int) {
            let sample = AttentionSample<E>([1], [keys], heads: 2 * group, keyHeads: 2, headSize: size)
            var sizes = kernels_decoding(
                keys: Int32(keys), heads: Int32(2 * group), key_heads: 2, head_size: Int32(size),
                key_stride: sample.keyStride, key_head_stride: size, value_stride: sample.keyStride,
                value_head_stride: size, scale: Float(sample.scale))
            var output = [E](repeating: E(rounding: Double.nan), count: 2 * group * size)
            let kept = with(instructions) { E.decode(&sizes, sample.query, sample.key, sample.value, &output) }
            #expect(kept == true, "scratch memory is overrun")
            let error = relativeError(output, sample.expected())
            #expect(error < Self.tolerance(E.self), "\(keys) \(group) \(size)")
        }
        for (keys, group, size) in [
            (1, 1, 16), (2, 8, 128), (31, 3, 120), (33, 7, 17), (64, 4, 80), (65, 5, 255), (200, 16, 64),
            (1001, 17, 40),
        ] {
            check(UInt16.self, keys, group, size)
            check(Float.self, keys, group, size)
        }
    }
}
