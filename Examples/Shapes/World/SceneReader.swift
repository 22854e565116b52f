import Imaging

/// Reads a picture back into what it shows, without being told what it should show.
///
/// Each field is explained by the object that, drawn at its best position, leaves the least difference. What is left
/// over, or lies across a border, makes a field unreadable.
package struct SceneReader: Sendable {
    /// An object and where it was found.
    package struct Finding: Sendable {
        package let object: SceneObject
        package let offset: Offset
        /// Share of its own contrast that the best drawing leaves unexplained.
        package let residue: Double
    }

    /// What a picture shows.
    package struct Reading: Sendable {
        /// Nil where no colour of a background prevails.
        package let background: Background?
        package let findings: [Finding]
        /// Fields that show something, but nothing of this world.
        package let unreadable: [Place]

        /// Nil where anything could not be read.
        package var scene: Scene? {
            guard let background, unreadable.isEmpty else { return nil }
            return Scene(background, findings.map(\.object))
        }
    }

    /// How far a background, and nine pixels of an empty field on average, may be from its colour.
    private static let tolerance = 40.0
    /// The largest residue of an object that counts as read.
    private static let largestResidue = 0.25
    /// What a pixel may be off without being seen.
    fileprivate static let slack = 16.0
    /// How far an empty field may be from the background beyond that, on average.
    private static let emptyTolerance = 3.0

    /// - Throws: `ImageError` for another size.
    package static func read(_ image: Image) throws(ImageError) -> Reading {
        let side = Picture.side
        guard image.width == side, image.height == side else {
            throw .wrongPixelCount(width: side, height: side, got: image.pixels.count)
        }
        let ground = prevailing(image)
        guard
            let background = Background.allCases.min(by: {
                $0.pixel.distance(to: ground) < $1.pixel.distance(to: ground)
            }),
            background.pixel.distance(to: ground) <= tolerance
        else { return Reading(background: nil, findings: [], unreadable: Place.allCases) }
        var (findings, unreadable): ([Finding], [Place]) = ([], [])
        for place in Place.allCases {
            let field = Field(image, place)
            if field.excess(over: ground) <= emptyTolerance && field.largestBlock(ground) <= tolerance { continue }
            if let finding = field.explained(on: ground, at: place), finding.residue <= largestResidue {
                findings.append(finding)
            } else {
                unreadable.append(place)
            }
        }
        return Reading(background: background, findings: findings, unreadable: unreadable)
    }

    /// The median, channel by channel, of the frames of all fields: objects keep off them.
    private static func prevailing(_ image: Image) -> Pixel {
        let frames = Place.allCases.flatMap { Field(image, $0).frame }
        func median(_ channel: (Pixel) -> Double) -> Double { frames.map(channel).sorted()[frames.count / 2] }
        return Pixel(median(\.red), median(\.green), median(\.blue))
    }
}

/// The pixels of one field.
private struct Field {
    private let pixels: [Pixel]
    private static let side = Picture.fieldSide

    init(_ image: Image, _ place: Place) {
        let (top, left) = (place.row * Self.side, place.column * Self.side)
        pixels = (0..<Self.side * Self.side).map { index in
            let start = ((top + index / Self.side) * image.width + left + index % Self.side) * 3
            return Pixel(
                Double(image.pixels[start]), Double(image.pixels[start + 1]), Double(image.pixels[start + 2]))
        }
    }

    /// How far pixels are from a colour on average, beyond what is not seen.
    func excess(over ground: Pixel) -> Double {
        pixels.reduce(0) { $0 + max($1.distance(to: ground) - SceneReader.slack, 0) } / Double(pixels.count)
    }

    /// Pixels of the border.
    var frame: [Pixel] {
        pixels.enumerated().filter { index, _ in
            let (row, column) = (index / Self.side, index % Self.side)
            return row == 0 || column == 0 || row == Self.side - 1 || column == Self.side - 1
        }.map(\.element)
    }

    /// The largest distance that the mean of 3x3 pixels has from a colour: a speck of that size is seen.
    func largestBlock(_ ground: Pixel) -> Double {
        var largest = 0.0
        for row in 0..<Self.side - 2 {
            for column in 0..<Self.side - 2 {
                var (red, green, blue) = (0.0, 0.0, 0.0)
                for index in 0..<9 {
                    let pixel = pixels[(row + index / 3) * Self.side + column + index % 3]
                    (red, green, blue) = (red + pixel.red, green + pixel.green, blue + pixel.blue)
                }
                largest = max(largest, Pixel(red / 9, green / 9, blue / 9).distance(to: ground))
            }
        }
        return largest
    }

    /// The object that explains the field best.
    func explained(on ground: Pixel, at place: Place) -> SceneReader.Finding? {
        guard let color = color(on: ground) else { return nil }
        let middle = middle(on: ground)
        var best: SceneReader.Finding?
        for shape in Shape.allCases {
            for size in ObjectSize.allCases {
                let object = SceneObject(Kind(shape, color), size, place)
                let finding = fitted(object, near: middle, ground)
                if finding.residue < best?.residue ?? .infinity { best = finding }
            }
        }
        return best
    }

    /// The object's colour: that of the pixels furthest from the background.
    private func color(on ground: Pixel) -> ObjectColor? {
        let far = pixels.sorted { $0.distance(to: ground) > $1.distance(to: ground) }.prefix(12)
        func median(_ channel: (Pixel) -> Double) -> Double { far.map(channel).sorted()[far.count / 2] }
        let seen = Pixel(median(\.red), median(\.green), median(\.blue))
        return ObjectColor.allCases.min { $0.pixel.distance(to: seen) < $1.pixel.distance(to: seen) }
    }

    /// The middle of what is not background.
    private func middle(on ground: Pixel) -> Offset {
        var (weight, x, y) = (1e-9, 0.0, 0.0)
        for (index, pixel) in pixels.enumerated() {
            let distance = max(pixel.distance(to: ground) - 30, 0)
            weight += distance
            x += distance * (Double(index % Self.side) + 0.5 - Double(Self.side) / 2)
            y += distance * (Double(index / Self.side) + 0.5 - Double(Self.side) / 2)
        }
        return Offset(x: x / weight, y: y / weight)
    }

    /// The object where it fits best: steps of 1, 1/2 and 1/4 of a pixel downhill.
    private func fitted(_ object: SceneObject, near start: Offset, _ ground: Pixel) -> SceneReader.Finding {
        let outline = Outline(object.shape, object.size)
        // Not further out: what lies outside of the field would explain what is missing.
        let freedom = Outline.freedom(object.size) + 1
        // The middle of a triangle's area lies below that of its height.
        let lift = object.shape == .triangle ? (object.size == .large ? 2 : 1.2) : 0
        func inside(_ value: Double) -> Double { min(max(value, -freedom), freedom) }
        var offset = Offset(x: inside(start.x), y: inside(start.y - lift))
        var residue = self.residue(outline, offset, object.color.pixel, ground)
        for step in [1, 0.5, 0.25] {
            var improves = true
            while improves {
                improves = false
                for (x, y) in [(step, 0), (-step, 0), (0, step), (0, -step)] {
                    let moved = Offset(x: inside(offset.x + x), y: inside(offset.y + y))
                    let left = self.residue(outline, moved, object.color.pixel, ground)
                    if left < residue - 1e-9 { (offset, residue, improves) = (moved, left, true) }
                }
            }
        }
        return SceneReader.Finding(object: object, offset: offset, residue: residue)
    }

    /// What a drawing leaves over, divided by its own contrast.
    private func residue(_ outline: Outline, _ offset: Offset, _ color: Pixel, _ ground: Pixel) -> Double {
        var (left, contrast) = (0.0, 1e-9)
        let full = color.distance(to: ground)
        for (index, pixel) in pixels.enumerated() {
            let cover = outline.cover(row: index / Self.side, column: index % Self.side, offset)
            left += max(pixel.distance(to: ground.mixed(with: color, cover)) - SceneReader.slack, 0)
            contrast += cover * full
        }
        return left / contrast
    }
}
