import Imaging

/// Pictures that teach one thing each, before scenes ask for all of them at once: where a token of a picture is, which
/// words name a place, and which words name what lies there. What a token shows follows from these together, of which
/// none helps alone.
package enum Primer: String, CaseIterable, Sendable {
    /// Every field has a colour of its own, whatever the words.
    case chart
    /// The field that the words name has its colour of the chart, the others none.
    case fields
    /// The object that the words name lies in every field.
    case tiles

    private static let emptyPixel = Pixel(128, 128, 128)

    /// The colour of a field: every colour there is, but the one for an empty field.
    private static func pixel(_ place: Place) -> Pixel {
        let all = ObjectColor.allCases.map(\.pixel) + [Background.white, .black, .pink].map(\.pixel)
        return all[place.row * Place.side + place.column]
    }

    /// The picture that goes with what is said about `picture`, which has one object.
    package func rendered(_ picture: Picture) throws(ImageError) -> Image {
        guard let placed = picture.objects.first else { return try picture.rendered() }
        let place = placed.object.place
        switch self {
        case .chart: return try Self.rendered(Self.pixel)
        case .fields: return try Self.rendered { $0 == place ? Self.pixel($0) : Self.emptyPixel }
        case .tiles:
            let copies = Place.allCases.map { place in
                var copy = placed
                copy.object.place = place
                return copy
            }
            return try Picture(picture.background, copies).rendered()
        }
    }

    private static func rendered(_ pixel: (Place) -> Pixel) throws(ImageError) -> Image {
        let pixels = Place.allCases.map(pixel)
        var bytes: [UInt8] = []
        for row in 0..<Picture.side {
            for column in 0..<Picture.side {
                bytes += pixels[row / Picture.fieldSide * Place.side + column / Picture.fieldSide].bytes
            }
        }
        return try Image(width: Picture.side, height: Picture.side, pixels: bytes)
    }

    /// What is said about a picture of one object, after a word that asks for this.
    package func instruction(_ sentence: String) -> String { "\(rawValue) \(sentence)" }
}
