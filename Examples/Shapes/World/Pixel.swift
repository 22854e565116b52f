/// A colour in red, green and blue of 0...255.
package struct Pixel: Hashable, Sendable {
    package let red, green, blue: Double

    package init(_ red: Double, _ green: Double, _ blue: Double) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    package var bytes: [UInt8] { [red, green, blue].map { UInt8(min(max($0.rounded(), 0), 255)) } }

    /// This colour where `share` is 0, the other where it is 1.
    package func mixed(with other: Pixel, _ share: Double) -> Pixel {
        func mix(_ from: Double, _ to: Double) -> Double { from + (to - from) * share }
        return Pixel(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
    }

    /// Euclidean.
    package func distance(to other: Pixel) -> Double {
        let (r, g, b) = (red - other.red, green - other.green, blue - other.blue)
        return (r * r + g * g + b * b).squareRoot()
    }
}
