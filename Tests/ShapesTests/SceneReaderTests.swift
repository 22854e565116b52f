import Imaging
import Testing

@testable import ShapesWorld

@Suite struct SceneReaderTests {
    @Test func everyObjectIsReadInEveryPlaceOnEveryBackground() throws {
        var random = SeededRandom(seed: 1)
        for kind in Kind.all {
            for (size, background) in ObjectSize.allCases.flatMap({ size in Background.allCases.map { (size, $0) } }) {
                let object = SceneObject(kind, size, random.pick(Place.allCases))
                let placed = Picture.PlacedObject(random: object, &random)
                let reading = try SceneReader.read(Picture(background, [placed]).rendered())
                #expect(reading.scene == Scene(background, [object]))
                let finding = try #require(reading.findings.first)
                #expect(abs(finding.offset.x - placed.offset.x) < 0.5 && abs(finding.offset.y - placed.offset.y) < 0.5)
            }
        }
    }

    @Test func scenesAreReadBack() throws {
        var random = SeededRandom(seed: 2)
        for index in 0..<600 {
            let picture = Picture.random(objects: index % 3 + 1, kinds: Kind.all, &random)
            #expect(try SceneReader.read(picture.rendered()).scene == picture.scene)
        }
    }

    /// What a good decoder leaves of noise does not matter.
    @Test func aLittleNoiseDoesNotMatter() throws {
        var random = SeededRandom(seed: 3)
        for _ in 0..<200 {
            let picture = Picture.random(objects: 3, &random)
            let image = try picture.rendered()
            let noisy = try image.changed { value, _ in value + Double.random(in: -12...12, using: &random) }
            #expect(try SceneReader.read(noisy).scene == picture.scene)
        }
    }

    @Test func halfAnObjectIsNoObject() throws {
        var random = SeededRandom(seed: 4)
        var read = 0
        for _ in 0..<200 {
            let picture = Picture.random(objects: 1, &random)
            let object = picture.objects[0]
            let image = try picture.rendered()
            let start = object.object.place.column * Picture.fieldSide
            let middle = start + Int((Double(Picture.fieldSide) / 2 + object.offset.x).rounded(.down))
            let cut = try image.changed { value, at in
                at.column >= middle ? picture.background.pixel.channels[at.channel] : value
            }
            if try SceneReader.read(cut).scene == picture.scene { read += 1 }
        }
        #expect(read <= 2)
    }

    @Test func aSpeckMakesAPictureUnreadable() throws {
        var random = SeededRandom(seed: 5)
        for _ in 0..<200 {
            let picture = Picture.random(objects: 2, &random)
            let free = random.pick(picture.freePlaces)
            let (top, left) = (free.row * Picture.fieldSide + 6, free.column * Picture.fieldSide + 6)
            let color = random.pick(ObjectColor.allCases)
            let image = try picture.rendered().changed { value, at in
                (top..<top + 4).contains(at.row) && (left..<left + 4).contains(at.column)
                    ? color.pixel.channels[at.channel] : value
            }
            let reading = try SceneReader.read(image)
            #expect(reading.scene != picture.scene && reading.unreadable == [free])
        }
    }

    @Test func anObjectAcrossABorderIsNotRead() throws {
        for shape in Shape.allCases {
            let placed = Picture.PlacedObject(SceneObject(Kind(shape, .red), .large, .center))
            let image = try Picture(.white, [placed]).rendered()
            // Eight pixels to the right: half of it lies in the next field.
            let moved = try image.moved(columns: 8)
            let reading = try SceneReader.read(moved)
            #expect(reading.scene?.objects.count != 1, "\(shape)")
        }
    }

    @Test func otherColorsAreNoBackground() throws {
        for color in [Pixel(60, 120, 200), Pixel(200, 200, 40), Pixel(60, 20, 20), Pixel(190, 220, 190)] {
            let image = try Picture(.white, []).rendered().changed { _, at in color.channels[at.channel] }
            #expect(try SceneReader.read(image).background == nil)
        }
    }

    @Test func noiseAloneIsNoScene() throws {
        var random = SeededRandom(seed: 6)
        for _ in 0..<20 {
            let image = try Picture(.gray, []).rendered().changed { _, _ in Double.random(in: 0...255, using: &random) }
            #expect(try SceneReader.read(image).scene == nil)
        }
    }

    @Test func anotherSizeIsRefused() throws {
        let image = try Image(width: 32, height: 48, pixels: Array(repeating: 0, count: 32 * 48 * 3))
        #expect(throws: ImageError.self) { try SceneReader.read(image) }
    }
}

extension Pixel {
    fileprivate var channels: [Double] { [red, green, blue] }
}

extension Image {
    /// Each channel of each pixel, changed.
    fileprivate func changed(
        _ change: (Double, (row: Int, column: Int, channel: Int)) -> Double
    ) throws -> Image {
        let values = pixels.enumerated().map { index, value in
            let place = (index / 3 / width, index / 3 % width, index % 3)
            return UInt8(min(max(change(Double(value), place).rounded(), 0), 255))
        }
        return try Image(width: width, height: height, pixels: values)
    }

    /// The picture shifted to the right; what leaves it comes back on the left.
    fileprivate func moved(columns: Int) throws -> Image {
        let original = pixels
        return try changed { _, at in
            Double(original[(at.row * width + (at.column - columns + width) % width) * 3 + at.channel])
        }
    }
}
