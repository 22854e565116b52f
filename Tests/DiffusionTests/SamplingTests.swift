import Testing
import Torch

@testable import Diffusion

@Suite struct SamplingTests {
    @Test func guidanceAppliesWithinItsRangeInclusively() {
        let guidance = Guidance(textScale: 5, imageScale: 2, range: 0.2...0.6)
        let counts = (0..<5).map { guidance.branches(step: $0, of: 5).count }
        #expect(counts == [1, 3, 3, 3, 1])
    }

    @Test(arguments: [(5.0, 1.0, 2), (1.0, 3.0, 1), (5.0, 2.0, 3), (1.0, 1.0, 1)])
    func imageGuidanceActsOnlyBesideTextGuidance(text: Double, image: Double, branches: Int) {
        #expect(Guidance(textScale: text, imageScale: image).branches(step: 0, of: 4).count == branches)
    }

    @Test func theScheduleRisesFromNoiseAndMovesTowardsItForLargePictures() {
        let even = TimeSchedule(steps: 10, latentPixels: nil).timesteps
        let shifted = TimeSchedule(steps: 10, latentPixels: 128 * 128).timesteps
        #expect(even.first == 0 && shifted.first == 0)
        #expect(zip(shifted, shifted.dropFirst()).allSatisfy { $0 < $1 })
        #expect(zip(shifted.dropFirst(), even.dropFirst()).allSatisfy { $0 < $1 })
        // At 320 x 320 the shift is none.
        #expect(TimeSchedule(steps: 10, latentPixels: 40 * 40).timesteps == even)
    }

    @Test(arguments: SamplerKind.allCases)
    func aConstantVelocityIsFollowedExactly(kind: SamplerKind) async throws {
        try await withEngine {
            let sampler = kind.makeSampler(TimeSchedule(steps: 7, latentPixels: 400))
            let start = try Tensor([1, -2, 0.5] as [Float], [1, 3, 1, 1])
            let velocity = try Tensor([0.25, 1, -3] as [Float], [1, 3, 1, 1])
            var x = start
            for step in 0..<7 { x = try sampler.step(step, sample: x, velocity: velocity) }
            let got = try x.floats()
            let expected = try (start + velocity).floats()
            #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }
}
