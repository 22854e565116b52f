#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The interpolation of a resize, by Pillow's names and definitions.
public enum ResizeFilter: String, Sendable, CaseIterable {
    /// A triangle, 2 pixels wide.
    case bilinear
    /// Keys' cubic with a = -0.5, 4 pixels wide.
    case bicubic
    /// A windowed sinc, 6 pixels wide.
    case lanczos

    /// Half the width of the kernel, in source pixels when enlarging.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The weight of a pixel at distance `x` from the centre.
    func weight(_ x: Double) -> Double {
        switch self {
        case .bilinear: max(0, 1 - abs(x))
        case .bicubic: Self.cubic(abs(x))
        case .lanczos: (-3..<3).contains(x) ? Self.sinc(x) * Self.sinc(x / 3) : 0
        }
    }

    // The order of operations is part of the definition: it decides the last bit.
    private static func cubic(_ x: Double) -> Double {
        let a = -0.5
        if x < 1 {
            return ((a + 2) * x - (a + 3)) * x * x + 1
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }

    private static func sinc(_ x: Double) -> Double {
        x == 0 ? 1 : sin(x * .pi) / (x * .pi)
    }
}
