import Imaging
import OmniGen2

/// The pictures of a request: as they came, for the store, and decoded, for the model.
package struct PictureInputs: Sendable {
    /// A picture that was sent.
    package struct Input: Sendable {
        package var bytes: [UInt8]
        package var image: Image
        package var format: ImageFormat
    }

    package var images: [Input] = []
    package var mask: Input?

    package init() {}

    /// - Parameters:
    ///   - images: encoded pictures.
    ///   - mask: one more, of the first picture's size.
    package init(images: [[UInt8]], mask: [UInt8]?, _ limits: RequestLimits) throws(APIError) {
        guard images.count <= GenerationRequest.maximumReferences else {
            throw .invalid(
                "at most \(GenerationRequest.maximumReferences) pictures may be sent, got \(images.count)", "image")
        }
        for (index, bytes) in images.enumerated() {
            self.images.append(try Self.decoded(bytes, "image \(index + 1)", "image", limits, Image.decode))
        }
        self.mask = try mask.map { bytes throws(APIError) in
            try Self.decoded(bytes, "the mask", "mask", limits, Image.mask)
        }
        if let mask = self.mask {
            guard let first = self.images.first else { throw .invalid("a mask needs a picture to change", "mask") }
            guard (mask.image.width, mask.image.height) == (first.image.width, first.image.height) else {
                throw .invalid(
                    "the mask is \(mask.image.width)x\(mask.image.height), the picture it is for is "
                        + "\(first.image.width)x\(first.image.height)", "mask")
            }
        }
    }

    private static func decoded(
        _ bytes: [UInt8], _ what: String, _ parameter: String, _ limits: RequestLimits,
        _ decode: ([UInt8], Int) throws(ImageError) -> Image
    ) throws(APIError) -> Input {
        guard let format = ImageFormat(startOf: bytes) else {
            throw .invalid("\(what) is no PNG, JPEG or WebP picture", parameter, code: "invalid_image")
        }
        do {
            return Input(bytes: bytes, image: try decode(bytes, limits.inputPixels), format: format)
        } catch {
            throw .invalid("\(what): \(error)", parameter, code: "invalid_image")
        }
    }

    /// Puts the pictures into a request.
    package func apply(to request: inout GenerationRequest) {
        request.references = images.map(\.image)
        request.mask = mask?.image
        if mask != nil { request.keepsExactSize = true }
    }
}

extension PictureInputs {
    /// As a job says what it was given.
    var stored: [Job.Picture] {
        images.enumerated().map { $1.stored(.input, $0) } + (mask.map { [$0.stored(.mask, 0)] } ?? [])
    }
}

extension PictureInputs.Input {
    func stored(_ kind: Job.Picture.Kind, _ index: Int) -> Job.Picture {
        Job.Picture(
            kind: kind, index: index, format: format, width: image.width, height: image.height, byteCount: bytes.count)
    }
}
