/// What an object looks like from above.
package enum Shape: String, CaseIterable, Codable, Sendable {
    case circle, square, triangle, cross
}

/// The colour of an object.
package enum ObjectColor: String, CaseIterable, Codable, Sendable {
    case red, green, blue, yellow, purple, cyan

    package var pixel: Pixel {
        switch self {
        case .red: Pixel(214, 40, 40)
        case .green: Pixel(40, 160, 60)
        case .blue: Pixel(40, 90, 220)
        case .yellow: Pixel(246, 204, 30)
        case .purple: Pixel(140, 60, 190)
        case .cyan: Pixel(50, 200, 210)
        }
    }
}

package enum ObjectSize: String, CaseIterable, Codable, Sendable {
    case small, large
}

/// What lies behind the objects, of one colour.
package enum Background: String, CaseIterable, Codable, Sendable {
    case white, black, gray, pink

    package var pixel: Pixel {
        switch self {
        case .white: Pixel(248, 248, 248)
        case .black: Pixel(16, 16, 20)
        case .gray: Pixel(124, 124, 124)
        case .pink: Pixel(244, 158, 190)
        }
    }
}

/// One of the nine fields of a picture.
package enum Place: String, CaseIterable, Codable, Sendable {
    case topLeft = "top left"
    case top
    case topRight = "top right"
    case left, center, right
    case bottomLeft = "bottom left"
    case bottom
    case bottomRight = "bottom right"

    /// Fields in a row, and rows.
    package static let side = 3

    package init?(row: Int, column: Int) {
        guard (0..<Self.side).contains(row), (0..<Self.side).contains(column) else { return nil }
        self = Self.allCases[row * Self.side + column]
    }

    private var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    package var row: Int { index / Self.side }
    package var column: Int { index % Self.side }

    /// The side of another place on which this one lies, as that field of a picture whose center is the other.
    package func direction(from other: Place) -> Place {
        Place(row: (row - other.row).signum() + 1, column: (column - other.column).signum() + 1) ?? .center
    }
}

/// Shape and colour: what an object is called when there is no other like it.
package struct Kind: Hashable, Sendable {
    package let shape: Shape
    package let color: ObjectColor

    package init(_ shape: Shape, _ color: ObjectColor) {
        self.shape = shape
        self.color = color
    }

    package static let all = Shape.allCases.flatMap { shape in ObjectColor.allCases.map { Kind(shape, $0) } }

    /// Those that training never shows, a tenth of all, rounded up.
    package static let heldOut: Set<Kind> = [Kind(.circle, .purple), Kind(.square, .yellow), Kind(.triangle, .cyan)]

    package static let trained = all.filter { !heldOut.contains($0) }
}

package struct SceneObject: Hashable, Codable, Sendable {
    package var shape: Shape
    package var color: ObjectColor
    package var size: ObjectSize
    package var place: Place

    package init(_ kind: Kind, _ size: ObjectSize, _ place: Place) {
        (shape, color) = (kind.shape, kind.color)
        self.size = size
        self.place = place
    }

    package var kind: Kind { Kind(shape, color) }
}

/// All that is said about a picture. Two scenes are equal when they hold the same objects, in whatever order.
package struct Scene: Hashable, Codable, Sendable {
    package let background: Background
    /// By place, from the top left.
    package let objects: [SceneObject]

    /// The most objects a scene has.
    package static let maximumObjects = 3

    package init(_ background: Background, _ objects: [SceneObject]) {
        self.background = background
        self.objects = objects.sorted { ($0.place.row, $0.place.column) < ($1.place.row, $1.place.column) }
    }
}
