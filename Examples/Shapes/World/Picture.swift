import Imaging

/// Where an object lies within its field, in pixels from its middle.
package struct Offset: Hashable, Sendable {
    package var x: Double
    package var y: Double

    package static let zero = Offset(x: 0, y: 0)
}

/// A scene with the exact position of each object: what can be drawn.
package struct Picture: Sendable {
    package var background: Background
    package var objects: [PlacedObject]

    package struct PlacedObject: Sendable {
        package var object: SceneObject
        package var offset: Offset

        package init(_ object: SceneObject, _ offset: Offset = .zero) {
            self.object = object
            self.offset = offset
        }
    }

    package init(_ background: Background, _ objects: [PlacedObject]) {
        self.background = background
        self.objects = objects
    }

    package var scene: Scene { Scene(background, objects.map(\.object)) }

    /// Pixels of a field, and of a picture, in a row.
    package static let fieldSide = 16
    package static let side = fieldSide * Place.side

    /// Drawn with smooth edges.
    package func rendered() throws(ImageError) -> Image {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(Self.side * Self.side * 3)
        for _ in 0..<Self.side * Self.side { pixels += background.pixel.bytes }
        for placed in objects {
            let (top, left) = (placed.object.place.row * Self.fieldSide, placed.object.place.column * Self.fieldSide)
            for row in 0..<Self.fieldSide {
                for column in 0..<Self.fieldSide {
                    let cover = Outline(placed.object.shape, placed.object.size).cover(
                        row: row, column: column, placed.offset)
                    let bytes = background.pixel.mixed(with: placed.object.color.pixel, cover).bytes
                    let start = ((top + row) * Self.side + left + column) * 3
                    pixels.replaceSubrange(start..<start + 3, with: bytes)
                }
            }
        }
        return try Image(width: Self.side, height: Self.side, pixels: pixels)
    }
}

extension Picture {
    /// Whether a small object hardly stands out: an autoencoder loses its shape first.
    var hasFaintObject: Bool {
        objects.contains {
            $0.object.size == .small && $0.object.color.pixel.distance(to: background.pixel) < Self.faintDistance
        }
    }

    /// Purple on gray is 94 away, green on gray 112, and all others further.
    private static let faintDistance = 120.0
}
