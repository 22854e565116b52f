import Imaging
import OmniGen2

/// The pictures of a request, as they came. They have been looked at, but are decoded again when it is their turn: what waits
/// takes no more memory than what was sent.
package struct PictureInputs: Sendable {
    /// An encoded picture.
    package struct Picture: Sendable, Equatable {
        package var bytes: [UInt8]
        package var format: ImageFormat
        package var width: Int
        package var height: Int
    }

    package var images: [Picture] = []
    package var mask: Picture?

    package init() {}

    package init(images: [Picture], mask: Picture?) throws(APIError) {
        guard images.count <= GenerationRequest.maximumReferences else {
            throw .invalid(
                "at most \(GenerationRequest.maximumReferences) pictures may be sent, got \(images.count)", "image")
        }
        (self.images, self.mask) = (images, mask)
        guard let mask else { return }
        guard let first = images.first else { throw .invalid("a mask needs a picture to change", "mask") }
        guard (mask.width, mask.height) == (first.width, first.height) else {
            throw .invalid(
                "the mask is \(mask.width)x\(mask.height), the picture it is for is \(first.width)x\(first.height)",
                "mask")
        }
    }

    /// Puts the decoded pictures into a request.
    package func apply(to request: inout GenerationRequest) throws(ImageError) {
        var references: [Image] = []
        for picture in images { references.append(try Image.decode(picture.bytes)) }
        request.references = references
        guard let mask else { return }
        request.mask = try Image.mask(decoding: mask.bytes)
        request.keepsExactSize = true
    }

    /// As a job says what it was given.
    var stored: [Job.Picture] {
        images.enumerated().map { $1.stored(.input, $0) } + (mask.map { [$0.stored(.mask, 0)] } ?? [])
    }
}

extension PictureInputs.Picture {
    func stored(_ kind: Job.Picture.Kind, _ index: Int) -> Job.Picture {
        Job.Picture(kind: kind, index: index, format: format, width: width, height: height, byteCount: bytes.count)
    }
}
