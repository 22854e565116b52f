import Torch

/// silu(G x + g) * (U x + u), the first half of a SwiGLU feed-forward. x [..., inputs], result [..., outputs].
package struct GatedLinear {
    private let storage: Storage

    private enum Storage {
        case separate(gate: Linear, up: Linear)
        case packed(PackedWeight, bias: Tensor?)
        case adapted(PackedWeight, gate: Part, up: Part)
    }

    /// What is added to the product of one of the matrices.
    private struct Part {
        let bias: Tensor?  // [outputs]
        let adapters: [LowRankAdapter]

        func callAsFunction(_ product: Tensor, _ x: Tensor) throws -> Tensor {
            let sum = try bias.map { try product + $0.to(product.dtype) } ?? product
            return try adapters.reduce(sum) { y, adapter in try y + adapter(x) }
        }
    }

    /// - Parameters:
    ///   - gate: the name of the layer G below the view.
    ///   - up: that of U.
    package init(
        _ w: Weights, gate: String, up: String, _ inputs: Int, _ outputs: Int, bias: Bool,
        initial: InitialValue = .xavier
    ) throws {
        guard let packed = try w.packedGate(w[gate], w[up], outputs, inputs, initial: initial) else {
            storage = .separate(
                gate: try Linear(w[gate], inputs, outputs, bias: bias, initial: initial),
                up: try Linear(w[up], inputs, outputs, bias: bias, initial: initial))
            return
        }
        let biases = bias ? try [gate, up].map { try w[$0].bias(outputs, initial: initial).to(.float32) } : []
        if packed.gate.isEmpty, packed.up.isEmpty {
            storage = .packed(packed.weight, bias: bias ? try Tensor.concatenated(biases, 0) : nil)
        } else {
            storage = .adapted(
                packed.weight, gate: Part(bias: biases.first, adapters: packed.gate),
                up: Part(bias: biases.last, adapters: packed.up))
        }
    }

    /// As of ``Linear``.
    package var isFilled: Bool {
        switch storage {
        case .separate(let gate, let up): gate.isFilled && up.isFilled
        case .packed(let weight, _), .adapted(let weight, _, _): weight.isFilled
        }
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        switch storage {
        case .separate(let gate, let up): return try gate(x).silu() * up(x)
        case .packed(let weight, let bias): return try weight(x, bias: bias)
        case .adapted(let weight, let gate, let up):
            let products = try weight.parts(x)
            return try gate(products.gate, x).silu() * up(products.up, x)
        }
    }
}
