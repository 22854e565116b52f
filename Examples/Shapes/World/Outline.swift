/// The edge of a shape, around its field's middle.
package struct Outline: Sendable {
    private let shape: Shape
    /// Half of the width, in pixels.
    private let reach: Double

    package init(_ shape: Shape, _ size: ObjectSize) {
        self.shape = shape
        reach = size == .large ? 6.6 : 4
    }

    /// How far an object may lie from the middle of its field, each way, and still keep off its border.
    package static func freedom(_ size: ObjectSize) -> Double { size == .large ? 1 : 3.4 }

    /// How much of a pixel of the field the shape covers, 0...1, when it lies at `offset`.
    package func cover(row: Int, column: Int, _ offset: Offset) -> Double {
        let middle = Double(Picture.fieldSide) / 2
        let distance = distance(Double(column) + 0.5 - middle - offset.x, Double(row) + 0.5 - middle - offset.y)
        return min(max(0.5 - distance, 0), 1)
    }

    /// From the edge, negative inside; x to the right and y down.
    private func distance(_ x: Double, _ y: Double) -> Double {
        switch shape {
        case .circle:
            return (x * x + y * y).squareRoot() - reach
        case .square:
            return max(abs(x), abs(y)) - reach * 0.9
        case .triangle:
            // Its base below; the two other edges fall 2 for 1.
            return max(y - reach * 0.9, (2 * abs(x) - y - reach * 0.9) / 5.0.squareRoot())
        case .cross:
            let arm = reach / 3
            return min(max(abs(x) - arm, abs(y) - reach), max(abs(x) - reach, abs(y) - arm))
        }
    }
}
