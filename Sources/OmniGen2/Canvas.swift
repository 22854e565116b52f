import Imaging

/// The references of a request as the autoencoder reads them, the size that is drawn, and how that becomes the result.
struct Canvas {
    /// How what is drawn becomes the result.
    enum Finish {
        /// It is the result, or is stretched to its size, as the original does.
        case stretch
        /// The result is its upper left part.
        case crop
    }

    let references: [Image]
    let drawn: PictureSize
    let output: PictureSize
    let finish: Finish

    /// - Parameter multiple: pixels of a patch of latents.
    init(_ request: GenerationRequest, multiple: Int) throws {
        if request.keepsExactSize, let source = request.references.first {
            try self.init(editing: source, request, multiple)
        } else {
            try self.init(drawing: request, multiple)
        }
    }

    /// The original's sizes: one reference can decide, else the request does.
    private init(drawing request: GenerationRequest, _ multiple: Int) throws {
        references = try request.references.map { try Self.fitted($0, request, multiple) }
        finish = .stretch
        if references.count == 1, request.alignsToReference {
            output = PictureSize(references[0])
            drawn = output
            return
        }
        output = PictureSize(width: request.width, height: request.height)
        drawn = output.drawn(maxPixels: request.maxPixels, multiple: GenerationRequest.sizeMultiple)
        guard drawn.width > 0, drawn.height > 0 else {
            throw GenerationError.invalid("a picture of \(output.width)x\(output.height) is too narrow to be drawn")
        }
    }

    /// The result has the size of the first reference, and its pixels lie where the reference's lie.
    private init(editing source: Image, _ request: GenerationRequest, _ multiple: Int) throws {
        output = PictureSize(source)
        let padded = output.roundedUp(to: multiple)
        let fits =
            padded.width * padded.height <= request.maxPixels
            && max(padded.width, padded.height) <= request.maxInputSide
        let canvas =
            fits
            ? try source.padded(width: padded.width, height: padded.height)
            : try Self.fitted(source, request, multiple)
        drawn = PictureSize(canvas)
        finish = fits ? .crop : .stretch
        references = try [canvas] + request.references.dropFirst().map { try Self.fitted($0, request, multiple) }
    }

    /// What to tell the user, if the result is not drawn at its own size.
    var warning: String? {
        guard finish == .stretch, output != drawn else { return nil }
        return "drawn at \(drawn.width)x\(drawn.height), stretched to \(output.width)x\(output.height)"
    }

    private static func fitted(_ image: Image, _ request: GenerationRequest, _ multiple: Int) throws -> Image {
        let size = PictureSize(image).fitted(
            maxPixels: request.maxPixels, maxSide: request.maxInputSide, multiple: multiple)
        guard size.width > 0, size.height > 0 else {
            throw GenerationError.invalid(
                "a reference picture of \(image.width)x\(image.height) is too small or too narrow: both sides must be "
                    + "at least \(multiple) pixels after fitting")
        }
        return try image.resized(width: size.width, height: size.height, filter: .lanczos)
    }
}

extension PictureSize {
    package init(_ image: Image) { self.init(width: image.width, height: image.height) }

    /// Both sides rounded up to `multiple`.
    func roundedUp(to multiple: Int) -> PictureSize {
        PictureSize(
            width: (width + multiple - 1) / multiple * multiple, height: (height + multiple - 1) / multiple * multiple)
    }
}
