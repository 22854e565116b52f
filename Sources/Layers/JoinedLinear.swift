import Torch

/// Linear layers that read the same x: one product where weights are packed.
package struct JoinedLinear {
    private let storage: Storage

    private enum Storage {
        case separate([Linear])
        case packed(Packed)
    }

    private struct Packed {
        let weight: PackedWeight  // of all layers, one below the other
        let bias: Tensor?
        let sizes: [Int]
        let adapters: [[LowRankAdapter]]
    }

    /// - Parameter parts: the layers' names below the view, and how many outputs each has.
    package init(
        _ w: Weights, _ parts: [(name: String, outputs: Int)], _ inputs: Int, bias: Bool = true,
        initial: InitialValue = .xavier
    ) throws {
        let sizes = parts.map(\.outputs)
        let views = parts.map { w[$0.name] }
        guard let packed = try w.packed(views, sizes, inputs, initial: initial) else {
            storage = .separate(
                try parts.map { try Linear(w[$0.name], inputs, $0.outputs, bias: bias, initial: initial) })
            return
        }
        let biases = bias ? try zip(views, sizes).map { try $0.bias($1, initial: initial).to(.float32) } : []
        storage = .packed(
            Packed(
                weight: packed.weight, bias: bias ? try Tensor.concatenated(biases, 0) : nil, sizes: sizes,
                adapters: packed.adapters))
    }

    /// Whether inputs and weights are multiplied in 8 bits.
    package var isInBytes: Bool {
        switch storage {
        case .separate: false
        case .packed(let packed): packed.weight.form.numbers.isInBytes
        }
    }

    /// What each layer makes of x [T, inputs], cut into heads [1, T, heads, size]; may be views of one tensor.
    package func heads(_ x: Tensor, size: Int) throws -> [Tensor] {
        let count = x.size(0)
        switch storage {
        case .separate(let layers): return try layers.map { try $0(x).reshaped(1, count, -1, size) }
        case .packed(let packed):
            let joined = try packed.weight(x, bias: packed.bias).reshaped(1, count, -1, size)
            let parts = try joined.split(packed.sizes.map { $0 / size }, 2)
            return try zip(parts, packed.adapters).map { part, adapters in
                try adapters.reduce(part) { y, adapter in try y + adapter(x).reshaped(1, count, -1, size) }
            }
        }
    }
}
