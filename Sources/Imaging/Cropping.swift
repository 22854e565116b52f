extension Image {
    /// The picture with its last column and row repeated to the right and below, up to a size that is no smaller.
    package func padded(width newWidth: Int, height newHeight: Int) throws(ImageError) -> Image {
        try Self.checkSides(width: newWidth, height: newHeight)
        guard newWidth >= width, newHeight >= height else { throw .invalidSize(width: newWidth, height: newHeight) }
        var padded: [UInt8] = []
        padded.reserveCapacity(newWidth * newHeight * 3)
        for row in 0..<newHeight {
            let start = min(row, height - 1) * width * 3
            let line = pixels[start..<start + width * 3]
            padded += line
            for _ in width..<newWidth { padded += line.suffix(3) }
        }
        return Image(trustedWidth: newWidth, height: newHeight, pixels: padded)
    }

    /// The upper left part of the picture.
    package func cropped(width newWidth: Int, height newHeight: Int) throws(ImageError) -> Image {
        guard (1...width).contains(newWidth), (1...height).contains(newHeight) else {
            throw .invalidSize(width: newWidth, height: newHeight)
        }
        let rows = (0..<newHeight).map { pixels[$0 * width * 3..<($0 * width + newWidth) * 3] }
        return Image(trustedWidth: newWidth, height: newHeight, pixels: rows.flatMap { $0 })
    }
}
