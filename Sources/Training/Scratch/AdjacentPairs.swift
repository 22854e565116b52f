import QwenVL

/// Pieces of text as sequences of tokens, and how often each pair of tokens stands side by side in them.
struct AdjacentPairs {
    struct Pair: Hashable, Sendable {
        let left: Int
        let right: Int
    }

    /// A pair and how often it stood somewhere when this was noted.
    private struct Candidate: Comparable {
        let count: Int
        let pair: Pair

        /// The most frequent first, then the smallest ids.
        static func < (a: Self, b: Self) -> Bool {
            (b.count, a.pair.left, a.pair.right) < (a.count, b.pair.left, b.pair.right)
        }
    }

    private var pieces: [(tokens: [Int], count: Int)]
    private var counts: [Pair: Int] = [:]
    /// The pieces a pair stands in, or stood in.
    private var places: [Pair: Set<Int>] = [:]
    /// Every pair at least once with its present count, and old counts among them.
    private var candidates = BinaryHeap<Candidate>()

    init(_ weighted: [(key: [UInt8], value: Int)]) {
        pieces = weighted.map { piece, count in (piece.map(TrainedTokenizer.id(of:)), count) }
        for index in pieces.indices { count(index, sign: 1) }
        for (pair, count) in counts { candidates.push(Candidate(count: count, pair: pair)) }
    }

    private static func pairs(_ tokens: [Int]) -> [Pair] { zip(tokens, tokens.dropFirst()).map(Pair.init) }

    private mutating func count(_ index: Int, sign: Int) {
        let piece = pieces[index]
        for pair in Self.pairs(piece.tokens) {
            counts[pair, default: 0] += sign * piece.count
            places[pair, default: []].insert(index)
        }
    }

    /// The pair that stands most often somewhere, nil when none is left.
    mutating func mostFrequent() -> Pair? {
        while let top = candidates.popMinimum() {
            let count = counts[top.pair] ?? 0
            if count > 0, count == top.count { return top.pair }
            // One that grew was noted then.
            if count > 0, count < top.count { candidates.push(Candidate(count: count, pair: top.pair)) }
        }
        return nil
    }

    /// Puts one token in the place of a pair, from left to right.
    mutating func join(_ pair: Pair, to token: Int) {
        var touched: Set<Pair> = []
        for index in places.removeValue(forKey: pair) ?? [] {
            count(index, sign: -1)
            pieces[index].tokens = Self.joined(pieces[index].tokens, pair, token)
            count(index, sign: 1)
            touched.formUnion(Self.pairs(pieces[index].tokens))
        }
        counts[pair] = nil
        places[pair] = nil
        for pair in touched {
            if let count = counts[pair] { candidates.push(Candidate(count: count, pair: pair)) }
        }
    }

    private static func joined(_ tokens: [Int], _ pair: Pair, _ token: Int) -> [Int] {
        var joined: [Int] = []
        var position = 0
        while position < tokens.count {
            let isPair =
                tokens[position] == pair.left && position + 1 < tokens.count && tokens[position + 1] == pair.right
            joined.append(isPair ? token : tokens[position])
            position += isPair ? 2 : 1
        }
        return joined
    }
}
