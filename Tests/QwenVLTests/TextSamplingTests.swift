import Foundation
import Testing
import Torch

@testable import QwenVL

@Suite struct TextSamplingTests {
    private static func draws(_ sampling: TextSampling, _ scores: [Float], seen: Set<Int> = [], count: Int = 400)
        -> [Int]
    {
        let generator = Generator(seed: sampling.seed)
        return (0..<count).compactMap { _ in sampling.next(scores, seen: seen, generator) }
    }

    @Test func greedyTakesTheFirstOfTheBest() {
        #expect(TextSampling.greedy.next([1, 3, 3, 2], seen: [], Generator(seed: 0)) == 1)
        #expect(TextSampling.greedy.next([.nan, -2, -1], seen: [], Generator(seed: 0)) == 2)
        #expect(TextSampling.greedy.next([.nan, .nan], seen: [], Generator(seed: 0)) == nil)
        #expect(TextSampling.greedy.next([], seen: [], Generator(seed: 0)) == nil)
    }

    @Test func thePenaltyLowersScoresOfEitherSign() {
        let sampling = TextSampling(temperature: 0, repetitionPenalty: 2)
        #expect(sampling.next([4, 3], seen: [0, 99], Generator(seed: 0)) == 1)
        #expect(sampling.next([-2, -3], seen: [0], Generator(seed: 0)) == 1)
        #expect(sampling.next([-2, -5], seen: [0], Generator(seed: 0)) == 0)
    }

    @Test func theChatsTemperatureIsAlmostGreedyAndTiesAreDrawn() {
        let chat = TextSampling(temperature: 1e-6, topK: 50)
        #expect(Set(Self.draws(chat, [1, 1.01, 0.5])) == [1])
        #expect(Set(Self.draws(chat, [2, 1, 2])) == [0, 2])
    }

    @Test func drawsFollowTheProbabilities() {
        let sampling = TextSampling(temperature: 1, seed: 7)
        let draws = Self.draws(sampling, [0, 1.0986123, -.infinity], count: 4000)
        let share = Double(draws.filter { $0 == 1 }.count) / 4000
        #expect(abs(share - 0.75) < 0.03)
        #expect(!draws.contains(2))
        #expect(draws == Self.draws(sampling, [0, 1.0986123, -.infinity], count: 4000))
    }

    @Test func topKKeepsTheBestAndWhatEqualsTheLastOfThem() {
        let scores: [Float] = [1, 5, 2, 4, 2, 3]
        #expect(Set(Self.draws(TextSampling(temperature: 2, topK: 3), scores)) == [1, 3, 5])
        #expect(Set(Self.draws(TextSampling(temperature: 2, topK: 4), scores)) == [1, 2, 3, 4, 5])
        #expect(Set(Self.draws(TextSampling(temperature: 5, topK: 100), scores)) == [0, 1, 2, 3, 4, 5])
    }

    @Test func topPKeepsTheFewestThatReachIt() {
        // Probabilities 0.1, 0.2, 0.3, 0.4.
        let scores = [0.1, 0.2, 0.3, 0.4].map { Float(log($0)) }
        #expect(Set(Self.draws(TextSampling(temperature: 1, topP: 0.65), scores)) == [2, 3])
        #expect(Set(Self.draws(TextSampling(temperature: 1, topP: 0.75), scores)) == [1, 2, 3])
        #expect(Set(Self.draws(TextSampling(temperature: 1, topP: 0.01), scores)) == [3])
    }

    /// Top-k and top-p as the original computes them: on all scores, sorted.
    private static func kept(_ scores: [Float], topK: Int, topP: Double) -> Set<Int> {
        let least = scores.sorted(by: >)[min(topK, scores.count) - 1]
        let ascending = scores.indices.filter { scores[$0] >= least }.sorted { (scores[$0], $0) < (scores[$1], $1) }
        let weights = ascending.map { exp(Double(scores[$0])) }
        let total = weights.reduce(0, +)
        var sum = 0.0
        let kept = zip(ascending, weights).filter { id, weight in
            sum += weight
            return id == ascending.last || Float(sum / total) > Float(1 - topP)
        }
        return Set(kept.map(\.0))
    }

    @Test(arguments: [(50, 1.0), (1000, 0.9), (1000, 0.3), (40, 0.8), (7, 0.05), (1, 0.5), (1000, 0.9999)])
    func candidatesAreTheOriginals(topK: Int, topP: Double) {
        for seed in 0..<20 {
            let scale = Float(seed % 5 + 1) / 1.5
            // Rounded, so that some scores are equal.
            let scores = Generator(seed: UInt64(seed)).randn(500).map { ($0 * 20).rounded() / 20 * scale }
            let sampling = TextSampling(temperature: 1, topK: topK, topP: topP)
            let candidates = sampling.candidates(scores, highest: scores.max() ?? 0).map(\.id)
            #expect(candidates.count == Set(candidates).count)
            #expect(Set(candidates) == Self.kept(scores, topK: topK, topP: topP))
        }
    }
}
