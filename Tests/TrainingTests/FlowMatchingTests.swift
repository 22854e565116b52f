import Testing
import Torch

@testable import Training

@Suite struct FlowMatchingTests {
    @Test func theMeasuresOfTheTimesAddUpToTheLoss() async throws {
        try await withEngine {
            let parameters = try SmallTraining.parameters()
            let trainer = try SmallTraining.trainer(parameters, SmallTraining.options())
            let loss = FlowMatchingLoss(try SmallTraining.configuration())
            let terms = try loss(
                parameters.weights(), SmallTraining.batch(), trainer.generators,
                RecomputedExecution())
            let sum = terms.measures.reduce(0) { $0 + $1.sum }
            #expect(abs(sum - Double(try terms.sum.detached().floats()[0])) < 1e-4 * sum)
            #expect(terms.measures.reduce(0) { $0 + $1.count } == Double(terms.count))
            #expect(terms.measures.count == loss.measureNames.count && terms.count == 4 * 4 * 6 + 4 * 2 * 4)
        }
    }

    @Test func binsAreClosedBelow() {
        let measures = TimeBins.measures([0, 0.1, 0.95, 0.0999], [1, 2, 3, 4], [1, 1, 1, 1])
        #expect(measures[0] == Measure(sum: 5, count: 2))
        #expect(measures[1] == Measure(sum: 2, count: 1))
        #expect(measures[9] == Measure(sum: 3, count: 1))
    }

    @Test(arguments: [TimestepSampling.Distribution.logNormal, .stratifiedUniform, .uniform])
    func timesLieBetweenNoiseAndImageAndShiftTowardsTheNoise(distribution: TimestepSampling.Distribution) {
        let generator = Generator(seed: 1)
        let plain = TimestepSampling(distribution, shift: nil)
        let draws = plain.draw(200, generator)
        let tokens = Array(repeating: 4096, count: 200)
        let times = plain.times(draws, tokens: tokens)
        #expect(times.allSatisfy { (0...1).contains($0) })
        for version in [TimestepSampling.ShiftVersion.exponential, .squareRoot] {
            let shifted = TimestepSampling(distribution, shift: .init(version)).times(draws, tokens: tokens)
            #expect(zip(shifted, times).allSatisfy { $0 <= $1 && $0 >= 0 })
            let same = TimestepSampling(distribution, shift: .init(version, tokens: 4096))
            #expect(same.times(draws, tokens: Array(repeating: 64, count: 200)) == shifted)
        }
    }

    @Test func aStratifiedBatchHasATimeInEachPart() {
        let sampling = TimestepSampling(.stratifiedUniform, shift: nil)
        let times = sampling.times(sampling.draw(8, Generator(seed: 2)), tokens: Array(repeating: 16, count: 8))
        #expect(times.map { Int($0 * 8) } == Array(0..<8))
    }
}
