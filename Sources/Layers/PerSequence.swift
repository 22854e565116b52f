import Torch

/// A vector for each sequence of a batch: a row of a table [R, D].
package struct PerSequence {
    package let table: Tensor
    /// For each sequence, the row of the table it takes; may be empty when there is a single row.
    package let rows: [Int]

    package init(_ table: Tensor, rows: [Int]) {
        self.table = table
        self.rows = rows
    }

    /// One row [1, D] when all sequences share it, else a row for each token [T, D] of sequences of these lengths.
    package func spread(over lengths: [Int]) throws -> Tensor {
        if table.size(0) == 1 { return table }
        let index = zip(rows, lengths).flatMap { Array(repeating: $0, count: $1) }
        return try table.gathered(0, Tensor(index, [index.count]).to(table.device))
    }
}
