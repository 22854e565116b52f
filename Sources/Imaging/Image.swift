/// A picture of 8-bit RGB pixels without transparency, upright: what every stage of the model takes and gives.
public struct Image: Sendable, Equatable {
    /// Pixels in a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// `height * width * 3` bytes: rows from the top, pixels from the left, red, green, blue.
    public let pixels: [UInt8]

    /// The most pixels a picture may have, when it is decoded or resized: what Pillow, too, refuses to go beyond.
    public static let maximumPixels = 178_956_970

    /// The longest side of a picture.
    public static let maximumSide = 1 << 24

    /// Wraps `height * width * 3` bytes of RGB. Throws if a side is not in `1...maximumSide` or the count differs.
    public init(width: Int, height: Int, pixels: [UInt8]) throws(ImageError) {
        try Self.checkSides(width: width, height: height)
        guard pixels.count == width * height * 3 else {
            throw .wrongPixelCount(width: width, height: height, got: pixels.count)
        }
        self.init(trustedWidth: width, height: height, pixels: pixels)
    }

    /// For callers that made `pixels` to measure.
    init(trustedWidth width: Int, height: Int, pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    static func checkSides(width: Int, height: Int) throws(ImageError) {
        guard (1...maximumSide).contains(width), (1...maximumSide).contains(height) else {
            throw .invalidSize(width: width, height: height)
        }
    }
}

extension Image: CustomStringConvertible {
    /// The size alone; a dump of the pixels helps nobody.
    public var description: String { "Image(\(width) x \(height))" }
}
