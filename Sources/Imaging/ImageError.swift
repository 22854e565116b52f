/// Why a picture could not be read, made, resized or written. The description is one line.
public indirect enum ImageError: Error, Equatable, Sendable {
    /// The bytes start like none of the formats.
    case unknownFormat(start: [UInt8])
    /// The bytes are cut short or damaged.
    case malformed(ImageFormat, reason: String)
    /// More pixels than are allowed.
    case tooManyPixels(width: Int, height: Int, limit: Int)
    /// A side is not in `1...Image.maximumSide`.
    case invalidSize(width: Int, height: Int)
    /// The bytes given do not fill the size given.
    case wrongPixelCount(width: Int, height: Int, got: Int)
    /// The encoder cannot hold this picture or these options.
    case cannotEncode(ImageFormat, reason: String)
    /// A key or a value that PNG text cannot hold.
    case invalidText(key: String, reason: String)
    /// A file name that ends like none of the formats.
    case unknownExtension(path: String)
    /// The file system refused.
    case fileSystem(path: String, reason: String)
    /// Any of the above, met while reading or writing this file.
    case inFile(path: String, ImageError)
    /// No memory for a picture of this size.
    case outOfMemory(width: Int, height: Int)
}

extension ImageError: CustomStringConvertible {
    /// One line: what, where, what was expected and what was found.
    public var description: String {
        switch self {
        case .unknownFormat(let start):
            let bytes = start.isEmpty ? "no bytes" : start.map(hexadecimal).joined(separator: " ")
            return "not a PNG, JPEG or WebP picture: it starts with \(bytes)"
        case .malformed(let format, let reason):
            return "damaged \(format.name) picture: \(reason)"
        case .tooManyPixels(let width, let height, let limit):
            return "a picture of \(width) x \(height) pixels is above the limit of \(limit) pixels"
        case .invalidSize(let width, let height):
            return "expected sides of 1 to \(Image.maximumSide) pixels, got \(width) x \(height)"
        case .wrongPixelCount(let width, let height, let got):
            return "a picture of \(width) x \(height) needs 3 bytes a pixel, got \(got) bytes in all"
        case .cannotEncode(let format, let reason):
            return "cannot write this picture as \(format.name): \(reason)"
        case .invalidText(let key, let reason):
            return "cannot write the PNG text \"\(key)\": \(reason)"
        case .unknownExtension(let path):
            return "\(path): expected a name that ends in .png, .jpg, .jpeg or .webp"
        case .fileSystem(let path, let reason):
            return "\(path): \(reason)"
        case .inFile(let path, let error):
            return "\(path): \(error)"
        case .outOfMemory(let width, let height):
            return "out of memory for a picture of \(width) x \(height) pixels"
        }
    }
}

private func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
