import Imaging
import OmniGen2

/// Looks at the pictures that are sent, one at a time for all clients: a small file can hold a large picture.
actor PictureChecker {
    /// Pixels that one request's pictures may have, all together.
    private let limit: Int
    /// The smallest side that the model reads.
    private static let smallestSide = GenerationRequest.sizeMultiple

    init(_ limits: RequestLimits) { limit = limits.inputPixels }

    /// How many pixels a request may still bring.
    struct Room: Sendable {
        fileprivate var pixels: Int
    }

    nonisolated func room() -> Room { Room(pixels: limit) }

    /// Decodes a picture to see that it is one.
    ///
    /// - Parameters:
    ///   - what: the picture's name in an error.
    ///   - parameter: the field it stands in.
    /// - Throws: `APIError` when it is damaged, too small or too large.
    func picture(
        _ bytes: [UInt8], _ what: String, _ parameter: String, _ room: Room
    ) throws(APIError) -> (PictureInputs.Picture, Room) {
        guard let format = ImageFormat(startOf: bytes) else {
            throw .invalid("\(what) is no PNG, JPEG or WebP picture", parameter, code: "invalid_image")
        }
        let image: Image
        do {
            image = try Image.decode(bytes, pixelLimit: room.pixels)
        } catch {
            throw .invalid("\(what): \(error)", parameter, code: "invalid_image")
        }
        guard min(image.width, image.height) >= Self.smallestSide else {
            throw .invalid(
                "\(what) is \(image.width)x\(image.height), a side must have \(Self.smallestSide) pixels or more",
                parameter, code: "invalid_image")
        }
        let picture = PictureInputs.Picture(bytes: bytes, format: format, width: image.width, height: image.height)
        return (picture, Room(pixels: room.pixels - image.width * image.height))
    }
}
