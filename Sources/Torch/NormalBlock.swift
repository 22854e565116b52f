/// The Box-Muller transform of 16 uniform numbers in single precision, bit for bit as PyTorch's vector kernel.
///
/// Source: `NormalFill16<float>` of ATen. Its logarithm, sine and cosine are the polynomials of the Cephes library
/// (Moshier) with fused multiply-add; the order of operations below is part of the result.
enum NormalBlock {
    typealias Lanes = SIMD8<Float>
    static let count = 16

    /// Turns uniform numbers from [0, 1) into normal ones: element j pairs with j + 8.
    static func transform(_ block: UnsafeMutablePointer<Float>, mean: Float, deviation: Float) {
        let raw = UnsafeMutableRawPointer(block)
        let offset = MemoryLayout<Lanes>.size
        let first = raw.loadUnaligned(as: Lanes.self)
        let second = raw.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
        let radius = (-2 * logarithm(1 - first)).squareRoot()
        let (sine, cosine) = sineAndCosine(Float(2 * Double.pi) * second)
        var (low, high) = (radius * cosine, radius * sine)
        if mean != 0 || deviation != 1 {
            low = multiplyAdd(low, deviation, Lanes(repeating: mean))
            high = multiplyAdd(high, deviation, Lanes(repeating: mean))
        }
        raw.storeBytes(of: low, as: Lanes.self)
        raw.storeBytes(of: high, toByteOffset: offset, as: Lanes.self)
    }

    /// The natural logarithm of normal numbers from (0, 1].
    @inline(__always)
    private static func logarithm(_ x: Lanes) -> Lanes {
        let bits = unsafeBitCast(x, to: SIMD8<Int32>.self)
        var exponent = Lanes(bits &>> 23 &- 126)
        let mantissa = unsafeBitCast(bits & 0x007F_FFFF | 0x3F00_0000, to: Lanes.self)  // [0.5, 1)
        let small = mantissa .< Lanes(repeating: 0.707_106_78)
        exponent -= Lanes.zero.replacing(with: 1, where: small)
        let m = mantissa - 1 + Lanes.zero.replacing(with: mantissa, where: small)
        let square = m * m
        var y = Lanes(repeating: 7.037_683_629_2e-2)
        y = multiplyAdd(y, m, -1.151_461_031_0e-1)
        y = multiplyAdd(y, m, 1.167_699_874_0e-1)
        y = multiplyAdd(y, m, -1.242_014_084_6e-1)
        y = multiplyAdd(y, m, 1.424_932_278_7e-1)
        y = multiplyAdd(y, m, -1.666_805_766_5e-1)
        y = multiplyAdd(y, m, 2.000_071_476_5e-1)
        y = multiplyAdd(y, m, -2.499_999_399_3e-1)
        y = multiplyAdd(y, m, 3.333_333_117_4e-1)
        y = multiplyAdd(y * m, square, exponent * -2.121_944_4e-4)
        y -= square * 0.5
        return multiplyAdd(exponent, 0.693_359_375, m + y)
    }

    /// Sine and cosine of angles from [0, 2 pi].
    @inline(__always)
    private static func sineAndCosine(_ angle: Lanes) -> (Lanes, Lanes) {
        let octant = (SIMD8<Int32>(angle * 1.273_239_544_735_16) &+ 1) & ~1
        let multiple = Lanes(octant)
        var x = multiplyAdd(multiple, -0.785_156_25, angle)
        x = multiplyAdd(multiple, -2.418_756_484_985_351_562_5e-4, x)
        x = multiplyAdd(multiple, -3.774_894_977_445_941_08e-8, x)
        let square = x * x
        var c = Lanes(repeating: 2.443_315_711_809_948e-5)
        c = multiplyAdd(c, square, -1.388_731_625_493_765e-3)
        c = multiplyAdd(c, square, 4.166_664_568_298_827e-2)
        c = multiplyAdd(c * square, square, square * -0.5) + 1
        var s = Lanes(repeating: -1.951_529_589_1e-4)
        s = multiplyAdd(s, square, 8.332_160_873_6e-3)
        s = multiplyAdd(s, square, -1.666_665_461_1e-1)
        s = multiplyAdd(s * square, x, x)
        let swapped = octant & 2 .!= 0
        let sine = s.replacing(with: c, where: swapped)
        let cosine = c.replacing(with: s, where: swapped)
        return (
            sine.replacing(with: -sine, where: octant & 4 .!= 0),
            cosine.replacing(with: -cosine, where: (octant &+ 2) & 4 .!= 0)
        )
    }

    /// a * b + c with one rounding, computed in double precision: the baseline x86-64 instruction set has no fused
    /// multiply-add, and `addingProduct` calls a function for every element there.
    @inline(__always)
    private static func multiplyAdd(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
        Lanes(SIMD8<Double>(a) * SIMD8<Double>(b) + SIMD8<Double>(c))
    }

    @inline(__always)
    private static func multiplyAdd(_ a: Lanes, _ b: Lanes, _ c: Float) -> Lanes {
        multiplyAdd(a, b, Lanes(repeating: c))
    }

    @inline(__always)
    private static func multiplyAdd(_ a: Lanes, _ b: Float, _ c: Lanes) -> Lanes {
        multiplyAdd(a, Lanes(repeating: b), c)
    }
}
