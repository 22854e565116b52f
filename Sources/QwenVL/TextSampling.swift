import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How the next token is chosen from its scores: repetition penalty, temperature, top-k, top-p, then a draw.
///
/// Source: `_get_logits_processor` and `_sample` of `transformers` 4.51.3, `generation/utils.py`, and the classes of
/// `generation/logits_process.py`; all in float32, as there. Draws come from our own generator.
package struct TextSampling: Equatable, Sendable {
    /// Divides the scores; 0 takes the best token.
    package var temperature: Double
    /// How many of the best tokens may be drawn; 0 is all.
    package var topK: Int
    /// Probability that the tokens to draw from hold together, at least; 1 is all.
    package var topP: Double
    /// Takes from the scores of tokens that stand in the prompt or the reply; 1 is off.
    package var repetitionPenalty: Double
    package var seed: UInt64
    /// Tokens that are never drawn.
    package var excluded: Set<Int> = []

    /// The best token, whatever stood before.
    package static let greedy = TextSampling(temperature: 0)

    package init(
        temperature: Double, topK: Int = 0, topP: Double = 1, repetitionPenalty: Double = 1, seed: UInt64 = 0
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.repetitionPenalty = repetitionPenalty
        self.seed = seed
    }

    /// - Parameters:
    ///   - scores: of each token of the vocabulary.
    ///   - seen: tokens of the prompt and the reply so far.
    /// - Returns: nil when no score is a number above minus infinity.
    package func next(_ scores: [Float], seen: Set<Int>, _ generator: Generator) -> Int? {
        var scores = scores
        for id in excluded where scores.indices.contains(id) { scores[id] = -.infinity }
        penalize(&scores, seen)
        guard let best = Self.best(scores) else { return nil }
        let divisor = Float(temperature)
        // A temperature so low that the scores overflow leaves the best token alone.
        guard divisor > 0, (scores[best] / divisor).isFinite else { return best }
        for index in scores.indices { scores[index] /= divisor }
        return Self.draw(candidates(scores, highest: scores[best]), generator) ?? best
    }

    /// A token that may be drawn; the best one weighs 1.
    struct Candidate {
        let id: Int
        let weight: Float
    }

    /// What top-k and top-p leave.
    ///
    /// - Parameter scores: penalised and divided by the temperature, `highest` among them.
    func candidates(_ scores: [Float], highest: Float) -> [Candidate] {
        nucleus(mostProbable(scores).map { id in Candidate(id: id, weight: exp(scores[id] - highest)) })
    }

    private func penalize(_ scores: inout [Float], _ seen: Set<Int>) {
        let penalty = Float(repetitionPenalty)
        guard penalty != 1 else { return }
        for id in seen where scores.indices.contains(id) {
            scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty
        }
    }

    /// The first of the best tokens.
    private static func best(_ scores: [Float]) -> Int? {
        var best: Int?
        var highest = -Float.infinity
        for index in scores.indices where scores[index] > highest { (best, highest) = (index, scores[index]) }
        return best
    }

    /// Tokens that score no less than the `topK`-th.
    private func mostProbable(_ scores: [Float]) -> [Int] {
        let least = topK > 0 && topK < scores.count ? Self.largest(topK, of: scores) : -.infinity
        return scores.indices.filter { scores[$0] >= least && scores[$0] > -.infinity }
    }

    /// The `count`-th largest of the scores, minus infinity if there are not so many.
    private static func largest(_ count: Int, of scores: [Float]) -> Float {
        var kept: [Float] = []  // ascending
        var least = -Float.infinity
        for score in scores where score > least {
            var (low, high) = (0, kept.count)
            while low < high {
                let middle = (low + high) / 2
                if kept[middle] < score { low = middle + 1 } else { high = middle }
            }
            kept.insert(score, at: low)
            if kept.count > count { kept.removeFirst() }
            if kept.count == count { least = kept[0] }
        }
        return least
    }

    /// The fewest best candidates whose probabilities add up to `topP`.
    private func nucleus(_ candidates: [Candidate]) -> [Candidate] {
        guard topP < 1 else { return candidates }
        let total = candidates.reduce(0.0) { $0 + Double($1.weight) }
        let surplus = Float(1 - topP)
        // Together these are less than half of what may go, so that the many improbable ones need no sorting.
        let negligible = Float(0.5 * Double(surplus) * total / Double(max(candidates.count, 1)))
        var removed = candidates.reduce(0.0) { $1.weight < negligible ? $0 + Double($1.weight) : $0 }
        let ascending = candidates.filter { $0.weight >= negligible }.sorted { ($0.weight, $0.id) < ($1.weight, $1.id) }
        let first = ascending.dropLast().firstIndex { candidate in
            removed += Double(candidate.weight)
            return Float(removed / total) > surplus
        }
        return Array(ascending[(first ?? max(ascending.count - 1, 0))...])
    }

    private static func draw(_ candidates: [Candidate], _ generator: Generator) -> Int? {
        let total = candidates.reduce(0.0) { $0 + Double($1.weight) }
        let target = generator.randDouble(1)[0] * total
        var sum = 0.0
        return candidates.first { candidate in
            sum += Double(candidate.weight)
            return candidate.weight > 0 && target < sum
        }?.id
    }
}
