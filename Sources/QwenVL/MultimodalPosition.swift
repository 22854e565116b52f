import Layers
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a token stands: text moves on all three axes at once, a picture's tokens share a time and count rows and
/// columns.
///
/// Source: `get_rope_index` of `transformers` 4.51.3, `models/qwen2_5_vl/modeling_qwen2_5_vl.py`.
package struct MultimodalPosition: Equatable, Sendable {
    package let time: Int
    package let row: Int
    package let column: Int

    package init(time: Int, row: Int, column: Int) {
        self.time = time
        self.row = row
        self.column = column
    }

    /// Positions of plain text.
    package static func text(_ range: Range<Int>) -> [MultimodalPosition] {
        range.map { MultimodalPosition(time: $0, row: $0, column: $0) }
    }

    /// Positions of a prompt whose image tokens stand for pictures of these grids, in order.
    ///
    /// - Parameter grids: rows and columns of merged patches.
    /// - Throws: `LanguageModelError.input` when image tokens and grids do not match.
    package static func positions(
        _ ids: [Int], grids: [PatchGrid], imageTokenID: Int
    ) throws -> [MultimodalPosition] {
        var positions: [MultimodalPosition] = []
        var next = 0
        var remaining = grids[...]
        while positions.count < ids.count {
            guard ids[positions.count] == imageTokenID else {
                positions += text(next..<next + 1)
                next += 1
                continue
            }
            guard let grid = remaining.popFirst(), positions.count + grid.count <= ids.count else {
                throw LanguageModelError.input("the prompt has more image tokens than the pictures")
            }
            for row in 0..<grid.rows {
                for column in 0..<grid.columns {
                    positions.append(MultimodalPosition(time: next, row: next + row, column: next + column))
                }
            }
            next += max(grid.rows, grid.columns)
        }
        guard remaining.isEmpty else {
            throw LanguageModelError.input("the prompt has fewer image tokens than the pictures")
        }
        return positions
    }

    /// How much further the text after the prompt stands than its count of tokens says.
    package static func delta(_ positions: [MultimodalPosition]) -> Int {
        let last = positions.map { max($0.time, $0.row, $0.column) }.max() ?? -1
        return last + 1 - positions.count
    }

    /// The rotation of each token: the sections of a head's frequencies follow time, row and column.
    static func rotation(
        _ positions: [MultimodalPosition], _ configuration: LanguageModelConfiguration, device: Device
    ) throws -> HalfRotation {
        let half = configuration.headSize / 2
        let frequencies = (0..<half).map { pow(configuration.ropeTheta, -Double($0) / Double(half)) }
        let axes = configuration.ropeSections.enumerated().flatMap { Array(repeating: $0, count: $1) }
        var angles: [Double] = []
        angles.reserveCapacity(positions.count * half)
        for position in positions {
            let coordinates = [position.time, position.row, position.column]
            for index in 0..<half { angles.append(frequencies[index] * Double(coordinates[axes[index]])) }
        }
        return try HalfRotation(angles: angles, rows: positions.count, device: device)
    }
}
