import Layers

/// How the vision tower cuts a picture into attention windows.
///
/// Source: `get_window_index` of `transformers` 4.51.3, `models/qwen2_5_vl/modeling_qwen2_5_vl.py`.
package struct VisionWindows: Equatable, Sendable {
    /// For each place in window order, the merged patch that stands there.
    package let order: [Int]
    /// Ends of the windows in patches, with a leading 0; a window that lies wholly outside repeats the last end.
    package let boundaries: [Int]

    /// - Parameters:
    ///   - grids: rows and columns of patches of each picture.
    ///   - window: side of a window in merged patches.
    package init(_ grids: [PatchGrid], window: Int, merge: Int) {
        var order: [Int] = []
        var boundaries = [0]
        var first = 0
        for grid in grids.map({ $0.merged(merge) }) {
            // The original always pads, by a whole window where the grid already fits.
            for top in stride(from: 0, through: grid.rows, by: window) {
                for left in stride(from: 0, through: grid.columns, by: window) {
                    for row in top..<max(top, min(top + window, grid.rows)) {
                        for column in left..<max(left, min(left + window, grid.columns)) {
                            order.append(first + row * grid.columns + column)
                        }
                    }
                    boundaries.append(order.count * merge * merge)
                }
            }
            first += grid.count
        }
        self.order = order
        self.boundaries = boundaries
    }

    /// Lengths of the windows that hold anything.
    package var lengths: [Int] {
        zip(boundaries, boundaries.dropFirst()).map { $1 - $0 }.filter { $0 > 0 }
    }
}
