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
        penalize(&scores, seen)
        let best = scores.indices.max { Self.isLess(scores[$0], scores[$1]) }
        guard let best, scores[best] > -.infinity, temperature > 0 else {
            return best.flatMap { scores[$0] > -.infinity ? $0 : nil }
        }
        let divisor = Float(temperature)
        let largest = scores[best] / divisor
        // A temperature so low that scores overflow leaves the best token alone.
        guard largest.isFinite, divisor > 0 else { return best }
        for index in scores.indices { scores[index] /= divisor }
        var candidates = mostProbable(scores)
        candidates = nucleus(candidates, scores)
        return draw(candidates, scores, largest, generator)
    }

    /// Whether a score is below another; what is no number is below everything.
    private static func isLess(_ left: Float, _ right: Float) -> Bool {
        left.isNaN ? !right.isNaN : left < right
    }

    private func penalize(_ scores: inout [Float], _ seen: Set<Int>) {
        let penalty = Float(repetitionPenalty)
        guard penalty != 1 else { return }
        for id in seen where scores.indices.contains(id) {
            scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty
        }
    }

    /// Tokens that score no less than the `topK`-th, in order of their ids.
    private func mostProbable(_ scores: [Float]) -> [Int] {
        let finite = scores.indices.filter { scores[$0] > -.infinity }
        guard topK > 0, topK < finite.count else { return finite }
        // The best so far, worst first.
        var best: [Float] = []
        for index in finite {
            let score = scores[index]
            if best.count == topK {
                guard score > best[0] else { continue }
                best.removeFirst()
            }
            var (low, high) = (0, best.count)
            while low < high {
                let middle = (low + high) / 2
                if best[middle] < score { low = middle + 1 } else { high = middle }
            }
            best.insert(score, at: low)
        }
        return finite.filter { scores[$0] >= best[0] }
    }

    /// The fewest best tokens whose probabilities add up to `topP`.
    private func nucleus(_ candidates: [Int], _ scores: [Float]) -> [Int] {
        guard topP < 1, let largest = candidates.map({ scores[$0] }).max() else { return candidates }
        let ascending = candidates.enumerated().sorted {
            (scores[$0.element], $0.offset) < (scores[$1.element], $1.offset)
        }.map(\.element)
        let weights = ascending.map { exp(scores[$0] - largest) }
        let total = weights.reduce(0.0) { $0 + Double($1) }
        var sum = 0.0
        let first = weights.dropLast().firstIndex { weight in
            sum += Double(Float(Double(weight) / total))
            return Float(sum) > Float(1 - topP)
        }
        return Array(ascending[(first ?? ascending.count - 1)...]).sorted()
    }

    private func draw(_ candidates: [Int], _ scores: [Float], _ largest: Float, _ generator: Generator) -> Int? {
        let weights = candidates.map { Double(exp(scores[$0] - largest)) }
        let target = generator.randDouble(1)[0] * weights.reduce(0, +)
        var sum = 0.0
        for (candidate, weight) in zip(candidates, weights) {
            sum += weight
            if weight > 0, target < sum { return candidate }
        }
        return candidates.max { scores[$0] < scores[$1] }
    }
}
