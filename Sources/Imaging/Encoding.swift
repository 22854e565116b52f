import CImageCodecs

extension Image {
    /// Lossless PNG with text entries: `tEXt` if the value is Latin-1, else `iTXt` in UTF-8, as Pillow chooses.
    ///
    /// Throws if a key is not 1 to 79 Latin-1 characters or a value holds a NUL.
    public func pngData(text: [(key: String, value: String)] = []) throws(ImageError) -> [UInt8] {
        let entries = try PNGTextEntries(text)
        return try encoded(as: .png) { rgb, width, height, output, message in
            entries.withCodecTexts { codec_png_encode(rgb, width, height, $0.baseAddress, $0.count, output, message) }
        }
    }

    /// Lossy JPEG of quality 1 to 100, with colour at half resolution as libjpeg does by default.
    ///
    /// Throws if the quality is out of range or a side is above 65500 pixels.
    public func jpegData(quality: Int = 90) throws(ImageError) -> [UInt8] {
        guard (1...100).contains(quality) else {
            throw .cannotEncode(.jpeg, reason: "expected a quality of 1 to 100, got \(quality)")
        }
        return try encoded(as: .jpeg) { rgb, width, height, output, message in
            codec_jpeg_encode(rgb, width, height, Int32(quality), output, message)
        }
    }

    /// WebP: lossy of quality 0 to 100, or lossless, where `quality` is the effort spent on size.
    ///
    /// Throws if the quality is out of range or a side is above 16383 pixels.
    public func webpData(quality: Int = 90, lossless: Bool = false) throws(ImageError) -> [UInt8] {
        guard (0...100).contains(quality) else {
            throw .cannotEncode(.webp, reason: "expected a quality of 0 to 100, got \(quality)")
        }
        return try encoded(as: .webp) { rgb, width, height, output, message in
            codec_webp_encode(rgb, width, height, Int32(quality), lossless ? 1 : 0, output, message)
        }
    }

    /// Encodes in the format that the extension of `path` names and writes the file in one step: it is there whole or
    /// not at all.
    ///
    /// `text` goes into PNG only; `quality` is for JPEG and WebP, `lossless` for WebP. The error names the path.
    public func write(
        to path: String, text: [(key: String, value: String)] = [], quality: Int = 90, lossless: Bool = false
    ) throws(ImageError) {
        guard let format = ImageFormat(path: path) else { throw .unknownExtension(path: path) }
        let bytes: [UInt8]
        do {
            bytes =
                switch format {
                case .png: try pngData(text: text)
                case .jpeg: try jpegData(quality: quality)
                case .webp: try webpData(quality: quality, lossless: lossless)
                }
        } catch {
            throw .inFile(path: path, error)
        }
        try ImageFile.write(bytes, to: path)
    }

    private typealias Encoder = (
        UnsafePointer<UInt8>?, _ width: UInt32, _ height: UInt32, UnsafeMutablePointer<CodecBuffer>, CodecMessage
    ) -> CodecStatus

    private func encoded(as format: ImageFormat, _ encoder: Encoder) throws(ImageError) -> [UInt8] {
        guard let codecWidth = UInt32(exactly: width), let codecHeight = UInt32(exactly: height) else {
            throw .cannotEncode(format, reason: "\(width) x \(height) is too large")
        }
        var output = CodecBuffer()
        defer { codec_free(output.bytes) }
        let (status, message) = CodecCall.run { message in
            pixels.withUnsafeBufferPointer { encoder($0.baseAddress, codecWidth, codecHeight, &output, message) }
        }
        switch status {
        case CODEC_OK: return Array(UnsafeBufferPointer(start: output.bytes, count: output.count))
        case CODEC_OUT_OF_MEMORY: throw .outOfMemory(width: width, height: height)
        default: throw .cannotEncode(format, reason: message)
        }
    }
}
