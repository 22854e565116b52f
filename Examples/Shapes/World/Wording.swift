extension SceneObject {
    /// "large red circle"
    package var words: String { "\(size.rawValue) \(color.rawValue) \(shape.rawValue)" }
    /// "a large red circle"
    package var phrase: String { "a \(words)" }
    /// "red circle"
    package var name: String { kind.name }
}

extension Shape {
    package var plural: String { self == .cross ? "crosses" : rawValue + "s" }
}

extension Kind {
    package var name: String { "\(color.rawValue) \(shape.rawValue)" }
}

/// Where a field lies beside another.
package enum Side: String, CaseIterable, Sendable {
    case left = "left of"
    case right = "right of"
    case above, below

    package var words: String { rawValue }

    private var step: (row: Int, column: Int) {
        switch self {
        case .left: (0, -1)
        case .right: (0, 1)
        case .above: (-1, 0)
        case .below: (1, 0)
        }
    }

    /// The field next to `place` on this side; nil at the border.
    package func neighbor(of place: Place) -> Place? {
        Place(row: place.row + step.row, column: place.column + step.column)
    }

    /// The side of `place` on which `other` touches it.
    package init?(of place: Place, to other: Place) {
        guard let side = Self.allCases.first(where: { $0.neighbor(of: place) == other }) else { return nil }
        self = side
    }

    /// Whether `other` lies anywhere on this side of `place`.
    package func holds(_ other: Place, seenFrom place: Place) -> Bool {
        switch self {
        case .left: other.column < place.column
        case .right: other.column > place.column
        case .above: other.row < place.row
        case .below: other.row > place.row
        }
    }
}

extension [String] {
    /// "a", "a and b", "a, b and c"
    package var enumeration: String { joined(separator: ", ", last: " and ") }

    package func joined(separator: String, last: String) -> String {
        guard let end = self.last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: separator) + last + end
    }
}

extension String {
    /// As people type it: some begin with a capital letter, some end with a full stop.
    package func typed(_ random: inout SeededRandom) -> String {
        let start = random.chance(0.25) ? prefix(1).uppercased() + dropFirst() : self
        return random.chance(0.25) && !hasSuffix("?") ? start + "." : start
    }
}
