import Imaging

/// A picture of pseudo-random bytes that depends on its size alone.
func noise(width: Int, height: Int) throws -> Image {
    var state = UInt32(width * 1000 + height)
    let pixels = (0..<(width * height * 3)).map { _ -> UInt8 in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(state >> 24)
    }
    return try Image(width: width, height: height, pixels: pixels)
}

/// The 64-bit FNV-1a hash.
func fnv1a(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
