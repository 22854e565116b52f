import Layers
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Rotary positions on three axes: place in the sequence, row, column.
///
/// Text advances all three together. An image keeps one place on the first axis and counts rows and columns on the
/// others; the next image's place is further on by the longer side.
/// Source: `OmniGen2RotaryPosEmbed` of `omnigen2/models/transformers/repo.py`.
package struct AxialPositions {
    /// A position on each axis.
    package typealias Place = (Int, Int, Int)

    package static let theta = 10000.0
    private let dimensions: [Int]
    private let lengths: [Int]

    package init(dimensions: [Int], lengths: [Int]) {
        self.dimensions = dimensions
        self.lengths = lengths
    }

    /// Places of a sample's tokens: text, then each reference, then the image.
    package static func places(textLength: Int, references: [PatchGrid], image: PatchGrid) -> [Place] {
        var places: [Place] = (0..<textLength).map { ($0, $0, $0) }
        var shift = textLength
        for grid in references + [image] {
            for row in 0..<grid.rows {
                for column in 0..<grid.columns { places.append((shift, row, column)) }
            }
            shift += max(grid.rows, grid.columns)
        }
        return places
    }

    /// How many text tokens fit in front of references of these grids and a picture.
    package func textCapacity(before references: [PatchGrid]) -> Int {
        let shift = references.map { max($0.rows, $0.columns) }.reduce(0, +)
        return max(0, min(lengths[0] - 1 - shift, lengths[1], lengths[2]))
    }

    /// The most patches that a picture's side may have.
    package var largestSide: Int { min(lengths[1], lengths[2]) }

    /// - Throws: `ConfigurationError` when a place lies beyond the table the model was trained with.
    package func table(_ places: [Place], device: Device) throws -> RotaryPositions {
        for place in places {
            let coordinates = [place.0, place.1, place.2]
            if let axis = coordinates.indices.first(where: { coordinates[$0] >= lengths[$0] }) {
                let names = ["places in the sequence", "rows", "columns"]
                throw ConfigurationError(
                    "the prompt or a picture is too long for this model: \(coordinates[axis] + 1) \(names[axis]), of "
                        + "axes_lens \(lengths)")
            }
        }
        return try RotaryPositions(angles: places.flatMap(angles), rows: places.count, device: device)
    }

    /// Angles of one token, axis after axis.
    package func angles(_ place: Place) -> [Double] {
        var angles: [Double] = []
        for (dimension, position) in zip(dimensions, [place.0, place.1, place.2]) {
            for index in stride(from: 0, to: dimension, by: 2) {
                angles.append(Double(position) / pow(Self.theta, Double(index) / Double(dimension)))
            }
        }
        return angles
    }
}
