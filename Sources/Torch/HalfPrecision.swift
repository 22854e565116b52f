/// Bit patterns of 16-bit floating-point numbers, rounded to nearest even. (`Float16` does not exist on every platform.)
enum HalfPrecision {
    /// The bfloat16 nearest to a finite `value`.
    static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    /// The float16 nearest to a finite `value`; infinity beyond its range.
    static func float16(_ value: Float) -> UInt16 {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        let magnitude = value.magnitude
        if magnitude >= 65520 { return sign | 0x7C00 }
        // Below 2^-14 the steps are 2^-24; adding 2^-1 (steps of 2^-24) makes the sum round to them.
        if magnitude < 0x1p-14 { return sign | UInt16(truncatingIfNeeded: (magnitude + 0.5).bitPattern &- 0x3F00_0000) }
        let bits = magnitude.bitPattern &- 112 << 23
        return sign | UInt16(truncatingIfNeeded: (bits &+ 0xFFF &+ (bits >> 13 & 1)) >> 13)
    }
}
