import Imaging
import OmniGen2

/// As what a picture is sent.
package struct PictureFormat: Sendable, Equatable {
    package var format = ImageFormat.png
    /// 0...100, of JPEG and WebP; 100 is the best. PNG loses nothing.
    package var compression = 100

    package init() {}

    init(_ fields: inout Fields) throws(APIError) {
        let names = ImageFormat.allCases.map(\.rawValue)
        format = try fields.choice("output_format", names).flatMap { ImageFormat(rawValue: $0) } ?? .png
        compression = try fields.int("output_compression") ?? 100
        guard (0...100).contains(compression) else {
            throw .invalid("output_compression must be between 0 and 100, got \(compression)", "output_compression")
        }
    }

    /// - Parameter text: what a PNG says about itself.
    package func encode(_ image: Image, text: [(key: String, value: String)] = []) throws -> [UInt8] {
        switch format {
        case .png: try image.pngData(text: text)
        case .jpeg: try image.jpegData(quality: max(1, compression))
        case .webp: try image.webpData(quality: max(1, compression))
        }
    }

    package var mediaType: String { "image/\(format.rawValue)" }
}
