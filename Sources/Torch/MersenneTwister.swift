/// The 32-bit Mersenne Twister (mt19937), seeded as PyTorch does: only the low 32 bits of a seed matter.
///
/// Source: Matsumoto and Nishimura, "Mersenne Twister" (1998); `at::mt19937`.
struct MersenneTwister: Sendable {
    static let wordCount = 624
    private static let middle = 397

    /// The untempered words and how many of them are used up.
    private(set) var words: [UInt32]
    private(set) var used: Int

    init(seed: UInt64) {
        var word = UInt32(truncatingIfNeeded: seed)
        words = [word]
        words.reserveCapacity(Self.wordCount)
        for index in 1..<UInt32(Self.wordCount) {
            word = 1_812_433_253 &* (word ^ (word >> 30)) &+ index
            words.append(word)
        }
        used = Self.wordCount
    }

    /// Continues from `words` of which `used` are used up; nil if these are no state of the twister.
    init?(words: [UInt32], used: Int) {
        guard words.count == Self.wordCount, (0...Self.wordCount).contains(used) else { return nil }
        self.words = words
        self.used = used
    }

    /// 32 random bits.
    mutating func next() -> UInt32 {
        if used == Self.wordCount { renew() }
        defer { used += 1 }
        return Self.temper(words[used])
    }

    /// 64 random bits: the first draw is the high half.
    mutating func next64() -> UInt64 {
        let high = next()
        return UInt64(high) << 32 | UInt64(next())
    }

    /// Fills `output` with uniform numbers of 24 bits from [0, 1), one draw each.
    mutating func fill(_ output: UnsafeMutableBufferPointer<Float>) {
        var position = 0
        while position < output.count {
            if used == Self.wordCount { renew() }
            let count = min(Self.wordCount - used, output.count - position)
            words.withUnsafeBufferPointer { words in
                for index in 0..<count {
                    output[position + index] = Float(Self.temper(words[used + index]) & 0xFF_FFFF) * 0x1p-24
                }
            }
            used += count
            position += count
        }
    }

    private mutating func renew() {
        let (count, middle) = (Self.wordCount, Self.middle)
        words.withUnsafeMutableBufferPointer { words in
            func renew(_ index: Int, next: Int, far: Int) {
                let mixed = (words[index] & 0x8000_0000) | (words[next] & 0x7FFF_FFFF)
                words[index] = words[far] ^ (mixed >> 1) ^ (words[next] & 1 == 0 ? 0 : 0x9908_B0DF)
            }
            for index in 0..<count - middle { renew(index, next: index + 1, far: index + middle) }
            for index in count - middle..<count - 1 { renew(index, next: index + 1, far: index + middle - count) }
            renew(count - 1, next: 0, far: middle - 1)
        }
        used = 0
    }

    private static func temper(_ word: UInt32) -> UInt32 {
        var word = word
        word ^= word >> 11
        word ^= word << 7 & 0x9D2C_5680
        word ^= word << 15 & 0xEFC6_0000
        return word ^ word >> 18
    }
}
