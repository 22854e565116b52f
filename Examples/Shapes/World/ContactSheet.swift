import Imaging

/// Pictures with what was said about them, on one sheet.
package struct ContactSheet {
    /// Pictures that went in, words, and what came out: a picture or an answer.
    package struct Entry {
        package let inputs: [Image]
        package let text: String
        package let output: Image?
        package let answer: String?

        package init(inputs: [Image], text: String, output: Image?, answer: String? = nil) {
            self.inputs = inputs
            self.text = text
            self.output = output
            self.answer = answer
        }
    }

    /// Pictures that go into one entry.
    package static let maximumInputs = 3

    private static let columns = 2
    private static let scale = 3
    private static let margin = 12
    /// Pictures of an entry side by side: three that go in, and what comes out.
    private static let slots = maximumInputs + 1
    private static let paper = Pixel(255, 255, 255)
    private static let ink = Pixel(40, 40, 48)
    private static let faded = Pixel(170, 170, 178)

    private static let pictureSide = Picture.side * scale
    private static let cellWidth = slots * (pictureSide + margin) + margin
    private static let lettersInLine = (cellWidth - 2 * margin) / (Lettering.width * letterScale)
    private static let letterScale = 2
    private static let captionLines = 3
    private static let lineHeight = Lettering.height * letterScale
    private static let cellHeight = pictureSide + captionLines * lineHeight + 3 * margin

    private let width, height: Int
    private var pixels: [UInt8]

    /// - Throws: `ImageError` when there is no entry.
    package static func image(_ entries: [Entry]) throws(ImageError) -> Image {
        let rows = (entries.count + columns - 1) / columns
        var sheet = ContactSheet(width: columns * cellWidth, height: rows * cellHeight)
        for (index, entry) in entries.enumerated() {
            sheet.draw(entry, left: index % columns * cellWidth, top: index / columns * cellHeight)
        }
        return try Image(width: sheet.width, height: sheet.height, pixels: sheet.pixels)
    }

    private init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        pixels = (0..<width * height).flatMap { _ in Self.paper.bytes }
    }

    private mutating func draw(_ entry: Entry, left: Int, top: Int) {
        let (top, left) = (top + Self.margin, left + Self.margin)
        var column = left
        for picture in entry.inputs.prefix(Self.slots - 1) {
            draw(picture, left: column, top: top)
            column += Self.pictureSide + Self.margin
        }
        if !entry.inputs.isEmpty {
            write(">", left: column - Self.margin + 1, top: top + Self.pictureSide / 2 - 8, Self.faded)
            column += Self.margin
        }
        if let output = entry.output { draw(output, left: column, top: top) }
        if let answer = entry.answer {
            let answerLines = Self.pictureSide / Self.lineHeight
            let letters = (left + Self.cellWidth - 2 * Self.margin - column) / (Lettering.width * Self.letterScale)
            for (line, text) in Lettering.lines(answer, of: letters).prefix(answerLines).enumerated() {
                write(text, left: column + 4, top: top + Self.margin + line * Self.lineHeight, Self.ink)
            }
        }
        let caption = Lettering.lines(entry.text, of: Self.lettersInLine).prefix(Self.captionLines)
        for (line, text) in caption.enumerated() {
            write(text, left: left, top: top + Self.pictureSide + Self.margin + line * Self.lineHeight, Self.ink)
        }
    }

    /// Enlarged, every pixel a square, in a frame.
    private mutating func draw(_ image: Image, left: Int, top: Int) {
        let side = Self.pictureSide
        for row in -1...side {
            for column in -1...side {
                guard (0..<side).contains(row), (0..<side).contains(column) else {
                    set(row: top + row, column: left + column, Self.faded.bytes[...])
                    continue
                }
                let (y, x) = (row * image.height / side, column * image.width / side)
                let start = (y * image.width + x) * 3
                set(row: top + row, column: left + column, image.pixels[start..<start + 3])
            }
        }
    }

    private mutating func write(_ text: String, left: Int, top: Int, _ color: Pixel) {
        let scale = Self.letterScale
        for (index, character) in text.enumerated() {
            for row in 0..<Lettering.height * scale {
                for column in 0..<Lettering.width * scale
                where Lettering.isSet(character, row: row / scale, column: column / scale) {
                    set(
                        row: top + row, column: left + index * Lettering.width * scale + column, color.bytes[...])
                }
            }
        }
    }

    private mutating func set(row: Int, column: Int, _ bytes: ArraySlice<UInt8>) {
        guard (0..<height).contains(row), (0..<width).contains(column) else { return }
        let start = (row * width + column) * 3
        pixels.replaceSubrange(start..<start + 3, with: bytes)
    }
}
