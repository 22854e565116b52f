import Layers
import Torch

/// How the blocks of a stack are run: one after the other, or such that training recomputes them.
package protocol BlockExecution {
    /// What several blocks read, given to the first of them.
    func share(_ tensor: Tensor) throws -> Tensor
    /// The output of `block` for the tokens `x`.
    func run(_ x: Tensor, _ block: @escaping (Tensor) throws -> Tensor) throws -> Tensor
}

/// Blocks run as they stand.
package struct DirectExecution: BlockExecution {
    package init() {}
    package func share(_ tensor: Tensor) throws -> Tensor { tensor }
    package func run(_ x: Tensor, _ block: @escaping (Tensor) throws -> Tensor) throws -> Tensor { try block(x) }
}
