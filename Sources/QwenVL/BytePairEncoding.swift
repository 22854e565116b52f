/// Byte-pair merging: joins the adjacent pair of lowest rank, leftmost first, until no pair has a rank.
///
/// Source: `Word::merge_all` of Hugging Face's tokenizers.
struct BytePairEncoding: Sendable {
    private struct Merge {
        var left: Int32
        var right: Int32
        var result: Int32
    }

    /// By rank.
    private var merges: [Merge] = []
    /// The ranks by pair.
    private var ranks: PackedSlots
    /// The token of each byte, -1 where the vocabulary has none.
    private let tokenOfByte: [Int32]

    /// Up to here a scan for the best pair beats a heap.
    private static let scanLimit = 24

    init(vocabulary: TokenizerVocabulary) {
        ranks = PackedSlots(capacity: vocabulary.count)
        merges.reserveCapacity(vocabulary.count)
        tokenOfByte = (0...255).map { byte in
            vocabulary.id(of: TokenizerByteLevel.spelling(of: byte)).map { Int32($0) } ?? -1
        }
    }

    /// Declares that `left` and `right` join to `result`, with the next rank.
    ///
    /// False if the pair has a rank or there are too many merges.
    mutating func append(left: Int, right: Int, result: Int) -> Bool {
        let merge = Merge(left: Int32(left), right: Int32(right), result: Int32(result))
        guard rank(merge.left, merge.right) == nil, merges.count < PackedSlots.maximumIndex else { return false }
        if ranks.isFull {
            let hashes = merges.map { Self.hash($0.left, $0.right) }
            ranks.grow { hashes[$0] }
        }
        ranks.insert(merges.count, hash: Self.hash(merge.left, merge.right))
        merges.append(merge)
        return true
    }

    /// The number of merges.
    var count: Int { merges.count }

    private static func hash(_ left: Int32, _ right: Int32) -> UInt64 {
        let pair = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        let product = pair &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 32
    }

    private func rank(_ left: Int32, _ right: Int32) -> Int? {
        ranks.find(hash: Self.hash(left, right)) { merges[$0].left == left && merges[$0].right == right }
    }

    /// Appends the tokens of one pre-token. A byte without a token is left out, as the original does.
    func encode(_ bytes: ArraySlice<UInt8>, into output: inout [Int]) {
        var symbols: [Int32] = []
        symbols.reserveCapacity(bytes.count)
        for byte in bytes where tokenOfByte[Int(byte)] >= 0 { symbols.append(tokenOfByte[Int(byte)]) }
        if symbols.count <= Self.scanLimit { mergeByScan(&symbols) } else { mergeByHeap(&symbols) }
        for symbol in symbols { output.append(Int(symbol)) }
    }

    private func mergeByScan(_ symbols: inout [Int32]) {
        while true {
            var best: (position: Int, rank: Int)?
            for position in symbols.indices.dropLast() {
                guard let rank = rank(symbols[position], symbols[position + 1]) else { continue }
                if rank < best?.rank ?? .max { best = (position, rank) }
            }
            guard let best else { return }
            symbols[best.position] = merges[best.rank].result
            symbols.remove(at: best.position + 1)
        }
    }

    /// n log n: the symbols form a linked list, and pairs wait in a heap by rank, then position. A pair that a merge
    /// has changed since is recognised by its rank and passed over.
    private func mergeByHeap(_ symbols: inout [Int32]) {
        let end = symbols.count
        var next = (0..<end).map { $0 + 1 }
        var previous = (0..<end).map { $0 - 1 }
        var heap = BinaryHeap<UInt64>()
        func push(_ position: Int) {
            guard position >= 0, next[position] < end else { return }
            guard let rank = rank(symbols[position], symbols[next[position]]) else { return }
            heap.push(UInt64(rank) << 32 | UInt64(position))
        }
        for position in 0..<end { push(position) }
        while let top = heap.popMinimum() {
            let position = Int(top & 0xFFFF_FFFF)
            guard symbols[position] >= 0, next[position] < end else { continue }
            let right = next[position]
            guard let rank = rank(symbols[position], symbols[right]), UInt64(rank) == top >> 32 else { continue }
            symbols[position] = merges[rank].result
            symbols[right] = -1
            next[position] = next[right]
            if next[right] < end { previous[next[right]] = position }
            push(previous[position])
            push(position)
        }
        symbols.removeAll { $0 < 0 }
    }
}
