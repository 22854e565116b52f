import Torch

/// A table of vectors, looked up by index.
package struct Embedding {
    package let weight: Tensor  // [entries, size]

    package init(_ w: Weights, entries: Int, size: Int) throws {
        weight = try w.tensor("weight", entries, size, initial: .normal(0.02))
    }

    /// indices int64 [...], result [..., size].
    package func callAsFunction(_ indices: Tensor) throws -> Tensor { try weight.embedding(indices) }
}
