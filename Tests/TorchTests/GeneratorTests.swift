import Testing

@testable import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Expected numbers are what PyTorch 2.13 gives on a CPU for `torch.Generator().manual_seed(seed)`.
@Suite struct GeneratorTests {
    @Test func normalsOfSixteenAndMoreAreThoseOfPyTorchBitForBit() {
        let expected: [Float] = [
            1.9269152879714966, -0.1595974713563919, -0.4973975419998169, 0.439589262008667, -0.7581311464309692,
            1.078317642211914, 0.8008005619049072, 1.680620551109314, 0.3558599054813385, 1.2964228391647339,
            0.610466480255127, 1.334737777709961, -0.2316243201494217, 0.041759490966796875, -0.2515752911567688,
            0.859858512878418, -0.3097267746925354,
        ]
        #expect(Generator(seed: 42).randn(17) == expected)
    }

    @Test func meanAndDeviationScaleNormalsAsPyTorchDoes() {
        let expected: [Float] = [
            2.2372021675109863, 2.6248841285705566, 3.34977126121521, 3.0995407104492188, 3.4328460693359375,
            3.122201919555664, 2.668544292449951, 3.403654098510742, 3.2195708751678467, 3.5856003761291504,
            1.8772211074829102, 2.276771068572998, 3.0305776596069336, 2.6911277770996094, 2.6009650230407715,
            2.9341883659362793, 2.6007800102233887, 3.16786527633667,
        ]
        #expect(Generator(seed: 1).randn(18, mean: 3, deviation: 0.5) == expected)
        let few: [Float] = [3.3306760787963867, 3.1334619522094727, 3.03083872795105]
        expectClose(Generator(seed: 1).randn(3, mean: 3, deviation: 0.5), few)
        let doubles = Generator(seed: 1).randnDouble(18, mean: 3, deviation: 0.5)
        expectClose(Array(doubles[..<2]), [2.844355222904984, 2.643484861579944])
    }

    @Test func normalsIn16BitsAreThoseOfPyTorch() {
        let bfloat16: [UInt16] = [
            0x3ff7, 0x3fd2, 0xbe23, 0xbeff, 0x3ee1, 0xbf42, 0x3f8a, 0x3f4d, 0x3fd7, 0x3fa4, 0x3fa6, 0x3f1c, 0x3fab,
            0xbe6d, 0x3d2b, 0xbe81, 0x3f5c,
        ]
        let float16: [UInt16] = [
            0x3fb5, 0x3e92, 0xb11b, 0xb7f5, 0x3709, 0xba11, 0x3c50, 0x3a68, 0x3eb9, 0x3d1e, 0x3d30, 0x38e2, 0x3d57,
            0xb369, 0x2958, 0xb406, 0x3ae1,
        ]
        #expect(Generator(seed: 42).randnBFloat16(17) == bfloat16)
        #expect(Generator(seed: 42).randnFloat16(17) == float16)
        #expect(Generator(seed: 42).randnBFloat16(3) == [0x3eac, 0x3e04, 0x3e70])
        #expect(Generator(seed: 42).randnFloat16(3) == [0x3563, 0x301f, 0x3381])
    }

    @Test func normalsInDoublePrecisionAreThoseOfPyTorch() {
        let expected = [
            -2.310411800234176, -0.6332746088675096, -1.2609246557194385, -0.726951062065411, -0.019964750907762653,
            0.2102998901016947, 0.17718935139366584, -0.830510051008449, 0.23871805816817063, -0.2426793824588577,
            -0.7730112772958181, -1.5951814880783068, -0.6870036940435463, 1.4880743158106724, -0.4484158047114511,
            -0.8910030351707375, 0.6748575435940039,
        ]
        expectClose(Generator(seed: 0).randnDouble(17), expected)
        expectClose(
            Generator(seed: 0).randnDouble(3), [1.5409961082440433, -0.2934289057609464, -2.1787893820745574])
    }

    @Test func uniformNumbersAreThoseOfPyTorch() {
        let expected: [Float] = [
            0.49625658988952637, 0.7682217955589294, 0.08847743272781372, 0.13203048706054688, 0.30742281675338745,
        ]
        #expect(Generator(seed: 0).rand(5) == expected)
        #expect(
            Generator(seed: 0).randDouble(3) == [0.9700530018065531, 0.707819864399788, 0.45938294312745087])
        #expect(
            Generator(seed: 42).randBFloat16(6) == [0x3f62, 0x3f6a, 0x3ec4, 0x3f76, 0x3ec8, 0x3f1a])
        #expect(
            Generator(seed: 42).randFloat16(6) == [0x3b0f, 0x3b52, 0x3620, 0x3bad, 0x363f, 0x38cf])
    }

    @Test func uniformNumbersThatWouldRoundToOneBecomeZero() {
        // The fifth number is 0.99977, nearer to 1 than to the bfloat16 below it.
        #expect(
            Generator(seed: 68).randBFloat16(8)
                == [0x3ecc, 0x3f0d, 0x3dce, 0x3e92, 0x0000, 0x3f35, 0x3f4e, 0x3e54])
    }

    @Test func successiveCallsCarryTheCachedNormalOverAsPyTorchDoes() {
        let generator = Generator(seed: 42)
        expectClose(
            generator.randn(5),
            [0.33669036626815796, 0.12880940735340118, 0.23446236550807953, 0.23033303022384644, -1.1228563785552979])
        expectClose(generator.randn(3), [-0.18632829189300537, 2.2082014083862305, -0.637997031211853])
        #expect(
            Array(generator.randn(20)[..<5]) == [
                1.6423169374465942, -0.1595974713563919, -0.4973975419998169, 0.439589262008667, 0.3188803195953369,
            ])
        expectClose(generator.randn(1), [0.5227160453796387])
        #expect(
            Array(generator.randn(17)[14...]) == [-1.4691500663757324, 1.4331552982330322, 0.7439519762992859])
        expectClose(
            generator.randn(4), [-0.23835687339305878, 0.5332217216491699, 2.748873233795166, -0.3840780258178711])
        #expect(generator.randn(700).count == 700)
        expectClose(generator.randn(2), [-1.962258219718933, -0.4293469488620758])
        #expect(generator.rand(3) == [0.8686457872390747, 0.36938923597335815, 0.8557286262512207])
        #expect(generator.randint(0..<1000, 5) == [606, 507, 69, 606, 623])
        expectClose(generator.randn(3), [-0.10418763756752014, 0.46303969621658325, 1.518891453742981])
        #expect(generator.randperm(9) == [2, 5, 1, 3, 4, 0, 7, 6, 8])
    }

    @Test func cachedNormalIsSharedByAllElementTypesAndKeptByLargeCalls() {
        let generator = Generator(seed: 9)
        expectClose(generator.randnDouble(1), [0.04472753863654923])
        expectClose(generator.randn(1), [1.9112390279769897])
        #expect(generator.randnBFloat16(3) == [0xbe6d, 0x3eb1, 0x3fa9])
        #expect(Array(generator.randn(16)[..<2]) == [-0.18549229204654694, 0.2955596446990967])
        expectClose(generator.randn(1), [0.36963701248168945])
    }

    @Test func integersAreThoseOfPyTorchOnBothSidesOf28Bits() {
        #expect(Generator(seed: 7).randint(-1..<(1 << 28) - 2, 3) == [59_306_159, 171_107_526, 128_500_260])
        #expect(Generator(seed: 7).randint(0..<1 << 28, 3) == [171_107_524, 27_798_006, 174_903_507])
        #expect(
            Generator(seed: 7).randint(Int.min..<Int.max, 2) == [-7_815_732_517_915_138_876, 5_163_590_386_780_219_894])
        #expect(Generator(seed: 7).randint(3..<3, 4).isEmpty)
    }

    @Test func permutationsAreThoseOfPyTorch() {
        #expect(
            Generator(seed: 5).randperm(20)
                == [11, 0, 9, 10, 3, 15, 14, 18, 8, 2, 19, 6, 5, 12, 1, 7, 4, 17, 16, 13])
        #expect(Generator(seed: 5).randperm(1000).sorted() == Array(0..<1000))
        #expect(Generator(seed: 5).randperm(0).isEmpty)
    }

    @Test func onlyTheLow32BitsOfASeedMatter() {
        #expect(Generator(seed: 1 << 40 | 3).randn(40) == Generator(seed: 3).randn(40))
        #expect(Generator(seed: 4).randn(40) != Generator(seed: 3).randn(40))
    }

    @Test func largeSamplesHaveTheMomentsOfTheNormalDistribution() {
        let values = Generator(seed: 11).randn(100_003).map { Double($0) }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
        #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.02)
    }
}

@Suite struct GeneratorStateTests {
    @Test(arguments: [0, 1, 623, 624, 700])
    func aRestoredGeneratorGoesOnBitForBit(draws: Int) throws {
        let generator = Generator(seed: 12)
        _ = generator.rand(draws)
        _ = generator.randn(3)
        let saved = try JSONEncoder().encode(generator.state)
        let restored = Generator(try JSONDecoder().decode(Generator.State.self, from: saved))
        #expect(restored.state == generator.state)
        for count in [1, 20, 2, 1000] { #expect(restored.randn(count) == generator.randn(count)) }
        #expect(restored.randperm(50) == generator.randperm(50))
    }

    @Test func aStateTakenEarlierIsNotChangedByLaterDraws() {
        let generator = Generator(seed: 12)
        let state = generator.state
        let first = generator.randn(2000)
        #expect(Generator(state).randn(2000) == first)
    }

    @Test func wordsThatAreNoStateAreRefused() {
        let words = Generator(seed: 1).state.words
        var wide = words
        wide[5] = 1 << 32
        var beyond = words
        beyond[624] = 625
        var flag = words
        flag[625] = 2
        for malformed in [[], Array(words.dropLast()), wide, beyond, flag] {
            #expect(throws: Generator.StateError.self) { try Generator.State(words: malformed) }
        }
    }
}

private func expectClose(_ got: [Float], _ expected: [Float], sourceLocation: SourceLocation = #_sourceLocation) {
    let near = got.count == expected.count && zip(got, expected).allSatisfy { abs($0 - $1) <= 1e-6 }
    #expect(near, "got \(got), expected \(expected)", sourceLocation: sourceLocation)
}

private func expectClose(_ got: [Double], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
    let near = got.count == expected.count && zip(got, expected).allSatisfy { abs($0 - $1) <= 1e-12 }
    #expect(near, "got \(got), expected \(expected)", sourceLocation: sourceLocation)
}
