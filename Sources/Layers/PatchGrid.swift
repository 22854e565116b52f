/// Rows and columns of a picture's patches.
package struct PatchGrid: Equatable, Sendable {
    package let rows: Int
    package let columns: Int

    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    package var count: Int { rows * columns }

    /// The grid after merging squares of `size` patches into one token.
    package func merged(_ size: Int) -> PatchGrid { PatchGrid(rows: rows / size, columns: columns / size) }
}
