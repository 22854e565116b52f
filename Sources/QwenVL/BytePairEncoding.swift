/// Byte-pair merging: joins the adjacent pair of lowest rank, leftmost first, until no pair has a rank.
///
/// Source: `Word::merge_all` of Hugging Face's tokenizers.
struct BytePairEncoding: Sendable {
    private struct Merge {
        var pair: UInt64
        var rank: UInt32
        var result: Int32
    }

    /// Open addressing by pair; a free slot has the result -1; its count is a power of two.
    private var slots: [Merge]
    private var count = 0
    /// The token of each byte, -1 where the vocabulary has none.
    private let tokenOfByte: [Int32]

    private static let free = Merge(pair: 0, rank: 0, result: -1)
    /// Up to here a scan for the best pair beats a heap.
    private static let scanLimit = 24

    init(vocabulary: TokenizerVocabulary) {
        var size = 1024
        while size * 3 < vocabulary.count * 5 { size *= 2 }
        slots = [Merge](repeating: Self.free, count: size)
        tokenOfByte = (0...255).map { byte in
            vocabulary.id(of: TokenizerByteLevel.spelling(of: byte)).map { Int32($0) } ?? -1
        }
    }

    /// The first byte the vocabulary has no token for.
    var missingByte: Int? { tokenOfByte.firstIndex(of: -1) }

    /// Declares that `left` and `right` join to `result`; the later of two equal pairs counts.
    mutating func insert(left: Int, right: Int, rank: Int, result: Int) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        let pair = Self.pair(Int32(left), Int32(right))
        let slot = slot(of: pair)
        if slots[slot].result < 0 { count += 1 }
        slots[slot] = Merge(pair: pair, rank: UInt32(rank), result: Int32(result))
    }

    private mutating func grow() {
        let old = slots
        slots = [Merge](repeating: Self.free, count: old.count * 2)
        for merge in old where merge.result >= 0 { slots[slot(of: merge.pair)] = merge }
    }

    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private func slot(of pair: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while slots[slot].result >= 0, slots[slot].pair != pair { slot = (slot + 1) & mask }
        return slot
    }

    private func merge(_ left: Int32, _ right: Int32) -> Merge? {
        let merge = slots[slot(of: Self.pair(left, right))]
        return merge.result < 0 ? nil : merge
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
            var best: (position: Int, merge: Merge)?
            for position in symbols.indices.dropLast() {
                guard let merge = merge(symbols[position], symbols[position + 1]) else { continue }
                if merge.rank < best?.merge.rank ?? .max { best = (position, merge) }
            }
            guard let best else { return }
            symbols[best.position] = best.merge.result
            symbols.remove(at: best.position + 1)
        }
    }

    /// n log n: the symbols form a linked list, and pairs wait in a heap by rank, then position. A pair that a merge
    /// has changed since is recognised by its result and passed over.
    private func mergeByHeap(_ symbols: inout [Int32]) {
        let end = symbols.count
        var next = (0..<end).map { $0 + 1 }
        var previous = (0..<end).map { $0 - 1 }
        var heap = BinaryHeap()
        func push(_ position: Int) {
            guard position >= 0, next[position] < end else { return }
            guard let merge = merge(symbols[position], symbols[next[position]]) else { return }
            heap.push(UInt64(merge.rank) << 32 | UInt64(position))
        }
        for position in 0..<end { push(position) }
        while let top = heap.popMinimum() {
            let position = Int(top & 0xFFFF_FFFF)
            guard symbols[position] >= 0, next[position] < end else { continue }
            let right = next[position]
            guard let merge = merge(symbols[position], symbols[right]), UInt64(merge.rank) == top >> 32 else { continue }
            symbols[position] = merge.result
            symbols[right] = -1
            next[position] = next[right]
            if next[right] < end { previous[next[right]] = position }
            push(previous[position])
            push(position)
        }
        symbols.removeAll { $0 < 0 }
    }
}

/// A binary heap of keys, the smallest first.
private struct BinaryHeap {
    private var keys: [UInt64] = []

    mutating func push(_ key: UInt64) {
        keys.append(key)
        var child = keys.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard keys[child] < keys[parent] else { return }
            keys.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popMinimum() -> UInt64? {
        guard let minimum = keys.first, let last = keys.popLast() else { return nil }
        guard !keys.isEmpty else { return minimum }
        keys[0] = last
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < keys.count else { return minimum }
            if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
            guard keys[child] < keys[parent] else { return minimum }
            keys.swapAt(child, parent)
            parent = child
        }
    }
}
