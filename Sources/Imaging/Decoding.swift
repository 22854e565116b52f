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
        let picture = try DecodedPicture(bytes, pixelLimit)
        image = Image(upright: picture.codec)
        hadTransparency = picture.codec.hasTransparency
        hadWideSamples = picture.codec.wide_bits > 0
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

extension Image {
    /// Decodes a mask: what is transparent becomes white, what is opaque black. A picture without transparency is the mask
    /// itself.
    public static func mask(decoding bytes: [UInt8], pixelLimit: Int = maximumPixels) throws(ImageError) -> Image {
        let picture = try DecodedPicture(bytes, pixelLimit)
        return picture.codec.hasTransparency
            ? Image(transparencyOf: picture.codec) : Image(upright: picture.codec)
    }
}

/// What a codec made of bytes; its memory goes with it.
private final class DecodedPicture {
    private(set) var codec = CodecPicture()

    init(_ bytes: [UInt8], _ pixelLimit: Int) throws(ImageError) {
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
        codec = picture
        let (width, height) = (Int(picture.width), Int(picture.height))
        switch status {
        case CODEC_OK: break
        case CODEC_TOO_LARGE: throw .tooManyPixels(width: width, height: height, limit: pixelLimit)
        case CODEC_OUT_OF_MEMORY: throw .outOfMemory(width: width, height: height)
        default: throw .malformed(format, reason: message)
        }
    }

    deinit { codec_picture_free(&codec) }
}

extension CodecPicture {
    private var alpha: some Sequence<UInt8> {
        let count = Int(width) * Int(height)
        let samples = UnsafeBufferPointer(start: pixels, count: channels == 4 ? count * 4 : 0)
        return stride(from: 3, to: samples.count, by: 4).lazy.map { samples[$0] }
    }

    /// Whether any pixel is not opaque.
    fileprivate var hasTransparency: Bool { alpha.contains { $0 != 255 } }

    /// RGB of the picture's size: white where it is transparent.
    fileprivate var transparency: [UInt8] { alpha.flatMap { repeatElement(255 - $0, count: 3) } }
}

extension CodecPicture {
    fileprivate var layout: PixelWalk {
        let bytes = UnsafeBufferPointer(start: exif.bytes, count: exif.count)
        return (Orientation(exif: Array(bytes)) ?? .upright).layout(width: Int(width), height: Int(height))
    }
}

extension Image {
    fileprivate init(transparencyOf picture: CodecPicture) {
        let layout = picture.layout
        let pixels = picture.transparency.withUnsafeBufferPointer { layout.arranged(rgb: $0) }
        self.init(trustedWidth: layout.width, height: layout.height, pixels: pixels)
    }

    fileprivate init(upright picture: CodecPicture) {
        let source = UnsafeBufferPointer(
            start: picture.pixels, count: Int(picture.width) * Int(picture.height) * Int(picture.channels))
        let layout = picture.layout
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
