import Torch

/// silu(G x + g) * (U x + u), the first half of a SwiGLU feed-forward. x [..., inputs], result [..., outputs].
package struct GatedLinear {
    private let storage: Storage

    private enum Storage {
        case separate(gate: Linear, up: Linear)
        case packed(PackedWeight, bias: Tensor?)
    }

    /// - Parameters:
    ///   - gate: the name of the layer G below the view.
    ///   - up: that of U.
    package init(
        _ w: Weights, gate: String, up: String, _ inputs: Int, _ outputs: Int, bias: Bool,
        initial: InitialValue = .xavier
    ) throws {
        guard let weight = try w.packedGate(w[gate], w[up], outputs, inputs, initial: initial) else {
            storage = .separate(
                gate: try Linear(w[gate], inputs, outputs, bias: bias, initial: initial),
                up: try Linear(w[up], inputs, outputs, bias: bias, initial: initial))
            return
        }
        let biases = bias ? try [gate, up].map { try w[$0].bias(outputs, initial: initial).to(.float32) } : []
        storage = .packed(weight, bias: bias ? try Tensor.concatenated(biases, 0) : nil)
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        switch storage {
        case .separate(let gate, let up): try gate(x).silu() * up(x)
        case .packed(let weight, let bias): try weight(x, bias: bias)
        }
    }
}
