import Diffusion
import Torch

/// Runs blocks without recording them and keeps their inputs alone; `finish` runs each again, last first, and pushes the
/// gradient of its output through it. Memory is that of one block and an input for each.
package final class RecomputedExecution: BlockExecution {
    /// A place where the graph is cut: `leaf` stands for what `produce` gives.
    private struct Cut {
        let leaf: Tensor
        let produce: () throws -> Tensor
    }

    private var cuts: [Cut] = []
    private let generators: [Generator]

    /// - Parameter generators: what blocks draw from; a block that runs again draws the same numbers.
    package init(rewinding generators: [Generator] = []) { self.generators = generators }

    package func share(_ tensor: Tensor) throws -> Tensor {
        // With adapters, what leads here may have no parameters: the anchor gives the gradient a place to go.
        let anchor = try Tensor.zeros([1], dtype: tensor.dtype, device: tensor.device)
        try anchor.setRequiresGradient()
        return try cut(tensor) { try tensor + anchor }
    }

    package func run(_ x: Tensor, _ block: @escaping (Tensor) throws -> Tensor) throws -> Tensor {
        let before = generators.map(\.state)
        return try cut(withGradients(false) { try block(x) }) { [generators] in
            let after = generators.map(\.state)
            for (generator, state) in zip(generators, before) { generator.state = state }
            defer { for (generator, state) in zip(generators, after) { generator.state = state } }
            return try block(x)
        }
    }

    private func cut(_ value: Tensor, _ produce: @escaping () throws -> Tensor) throws -> Tensor {
        let leaf = try value.detached()
        try leaf.setRequiresGradient()
        cuts.append(Cut(leaf: leaf, produce: produce))
        return leaf
    }

    /// Called after `backward` of the loss: brings the gradients from the cuts to the parameters.
    package func finish() throws {
        try withGradients {
            while let cut = cuts.popLast() {
                guard let gradient = cut.leaf.gradient else { continue }
                try cut.produce().backward(gradient: gradient)
            }
        }
    }
}
