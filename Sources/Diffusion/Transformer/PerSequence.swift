import Layers
import Torch

/// A vector for each sequence of a batch: one row [1, D] when all share it, else a row for each token [T, D].
struct PerSequence {
    /// For each sequence, the row of the table it takes.
    let rows: [Int]

    /// Broadcasts `table` [R, D] over the tokens of `packed`.
    func spread(_ table: Tensor, over packed: PackedTokens) throws -> Tensor {
        if table.size(0) == 1 { return table }
        let index = zip(rows, packed.lengths).flatMap { Array(repeating: $0, count: $1) }
        return try table.gathered(0, Tensor(index, [index.count]).to(table.device))
    }
}
