import CImageCodecs

extension Image {
    /// Decodes a PNG, JPEG or WebP picture (of an animation the first frame), told apart by its first bytes.
    ///
    /// The picture is turned upright by its EXIF orientation. Transparency is composited on white, where Pillow's
    /// `convert("RGB")` shows whatever colour lies under it. 16-bit samples keep their high byte; inks (CMYK) become RGB
    /// by Pillow's arithmetic. Throws if the bytes are damaged or announce more than `pixelLimit` pixels.
    public static func decode(_ bytes: [UInt8], pixelLimit: Int = maximumPixels) throws(ImageError) -> Image {
        try PictureFile(decoding: bytes, pixelLimit: pixelLimit).image
    }

    /// Reads and decodes a file, as `decode` does; the error names the path.
    public init(contentsOf path: String, pixelLimit: Int = maximumPixels) throws(ImageError) {
        self = try PictureFile(contentsOf: path, pixelLimit: pixelLimit).image
    }
}

/// A decoded picture, and what decoding lost.
public struct PictureFile: Sendable, Equatable {
    /// The picture, upright and opaque.
    public let image: Image
    /// Whether some of it was transparent, and was composited on white.
    public let hadTransparency: Bool
    /// Whether it has 16 bits a sample, of which the high 8 are kept.
    public let hadWideSamples: Bool

    /// Decodes as `Image.decode` does.
    public init(decoding bytes: [UInt8], pixelLimit: Int = Image.maximumPixels) throws(ImageError) {
        guard let format = ImageFormat(startOf: bytes) else {
            throw .unknownFormat(start: Array(bytes.prefix(8)))
        }
        var picture = CodecPicture()
        let (status, message) = CodecCall.run { message in
            bytes.withUnsafeBufferPointer { input in
                let limit = UInt64(max(pixelLimit, 0))
                return switch format {
                case .png: codec_png_decode(input.baseAddress, input.count, limit, &picture, message)
                case .jpeg: codec_jpeg_decode(input.baseAddress, input.count, limit, &picture, message)
                case .webp: codec_webp_decode(input.baseAddress, input.count, limit, &picture, message)
                }
            }
        }
        defer { codec_picture_free(&picture) }
        let (width, height) = (Int(picture.width), Int(picture.height))
        switch status {
        case CODEC_OK: break
        case CODEC_TOO_LARGE: throw .tooManyPixels(width: width, height: height, limit: pixelLimit)
        case CODEC_OUT_OF_MEMORY: throw .outOfMemory(width: width, height: height)
        default: throw .malformed(format, reason: message)
        }
        image = Image(upright: picture)
        hadTransparency = picture.channels == 4 && picture.hasTransparency
        hadWideSamples = picture.wide_bits > 0
    }

    /// Reads and decodes a file; the error names the path.
    public init(contentsOf path: String, pixelLimit: Int = Image.maximumPixels) throws(ImageError) {
        try self.init(decoding: ImageFile.read(path), of: path, pixelLimit: pixelLimit)
    }

    /// Decodes the bytes of a file that was read before; the error names the path.
    package init(
        decoding bytes: [UInt8], of path: String, pixelLimit: Int = Image.maximumPixels
    ) throws(ImageError) {
        do {
            self = try PictureFile(decoding: bytes, pixelLimit: pixelLimit)
        } catch {
            throw .inFile(path: path, error)
        }
    }
}

extension CodecPicture {
    /// Whether any pixel of four channels is not opaque.
    fileprivate var hasTransparency: Bool {
        let count = Int(width) * Int(height)
        let samples = UnsafeBufferPointer(start: pixels, count: count * 4)
        return (0..<count).contains { samples[4 * $0 + 3] != 255 }
    }
}

extension Image {
    fileprivate init(upright picture: CodecPicture) {
        let source = UnsafeBufferPointer(
            start: picture.pixels, count: Int(picture.width) * Int(picture.height) * Int(picture.channels))
        let exif = UnsafeBufferPointer(start: picture.exif.bytes, count: picture.exif.count)
        let orientation = Orientation(exif: Array(exif)) ?? .upright
        let layout = orientation.layout(width: Int(picture.width), height: Int(picture.height))
        let pixels =
            picture.channels == 4
            ? layout.compositedOnWhite(rgba: source)
            : layout.arranged(rgb: source)
        self.init(trustedWidth: layout.width, height: layout.height, pixels: pixels)
    }
}

/// One call into the C codecs, and the text it leaves.
enum CodecCall {
    static func run(_ call: (CodecMessage) -> CodecStatus) -> (status: CodecStatus, message: String) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            buffer.initialize(repeating: 0)
            guard let text = buffer.baseAddress else { return (CODEC_OUT_OF_MEMORY, "out of memory") }
            let status = call(CodecMessage(text: text, capacity: buffer.count))
            let message = String(cString: text)
            return (status, message.isEmpty ? "it cannot be decoded" : message)
        }
    }
}
