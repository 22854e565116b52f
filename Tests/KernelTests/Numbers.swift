/// Bits of the bfloat16 number nearest to a float, ties to even.
func bfloat16(_ value: Float) -> UInt16 {
    if value.isNaN { return UInt16(truncatingIfNeeded: value.bitPattern >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (value.bitPattern &+ 0x7fff &+ (value.bitPattern >> 16 & 1)) >> 16)
}

func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

/// Numbers that are the same in every run.
struct Noise {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }

    /// -1 ..< 1.
    mutating func number() -> Float {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
    }

    mutating func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in number() } }
}
