import Torch

/// y = x W^T + b, and what adapters add. x [..., inputs], y [..., outputs].
package struct Linear {
    private let storage: Storage
    private let bias: Tensor?  // [outputs]
    private let adapters: [LowRankAdapter]

    private enum Storage {
        case dense(Tensor)  // [outputs, inputs]
        case packed(PackedWeight)
    }

    /// - Parameter leastBits: how far its weight may be quantized; 16 keeps its number type where others are.
    package init(
        _ w: Weights, _ inputs: Int, _ outputs: Int, bias: Bool = true, leastBits: Int = 4,
        initial: InitialValue = .xavier
    ) throws {
        if let packed = try w.packed([w], [outputs], inputs, leastBits: leastBits, initial: initial) {
            (storage, adapters) = (.packed(packed.weight), packed.adapters[0])
            self.bias = bias ? try w.bias(outputs, initial: initial).to(.float32) : nil
        } else {
            let (weight, adapters) = try w.adapted(outputs, inputs, initial: initial)
            (storage, self.adapters) = (.dense(weight), adapters)
            self.bias = bias ? try w.bias(outputs, initial: initial) : nil
        }
    }

    /// Where the weight lies: one place for layers that share it.
    package var memory: UnsafeRawPointer? {
        switch storage {
        case .dense(let weight): (try? weight.mutableData()).map { UnsafeRawPointer($0) }
        case .packed(let weight): weight.memory
        }
    }

    /// - Parameter residual: what the result is added to.
    package func callAsFunction(_ x: Tensor, addedTo residual: Tensor? = nil) throws -> Tensor {
        switch storage {
        case .packed(let weight):
            return try adapters.reduce(weight(x, bias: bias, adding: residual)) { y, adapter in try y + adapter(x) }
        case .dense(let weight):
            let product = try adapters.reduce(x.linear(weight, bias)) { y, adapter in try y + adapter(x) }
            return try residual.map { try $0 + product } ?? product
        }
    }

    /// Whether its weight has numbers; without, it gets them from the first rows that it multiplies.
    package var isFilled: Bool {
        if case .packed(let weight) = storage { weight.isFilled } else { true }
    }

    /// The same of rows [T, inputs] that `rows` makes of ranges of them, so that they need not all be there at once.
    ///
    /// - Parameter ranges: at least one; they follow each other from 0 to T.
    /// - Returns: [T, outputs]; `nil` where gradients are recorded or the weight has no numbers yet: both want all rows.
    package func callAsFunction(
        inParts ranges: [Range<Int>], _ rows: (Range<Int>) throws -> Tensor
    ) throws -> Tensor? {
        guard !gradientsAreRecorded, isFilled else { return nil }
        if case .packed(let weight) = storage, adapters.isEmpty {
            return try weight(inParts: ranges, bias: bias, rows)
        }
        var whole: Tensor?
        for range in ranges {
            let y = try self(rows(range))
            let output =
                try whole
                ?? Tensor.empty([ranges.last?.upperBound ?? 0, y.size(1)], dtype: y.dtype, device: y.device)
            try output.narrowed(0, range).copy(from: y)
            whole = output
        }
        return whole
    }
}

extension Weights {
    func bias(_ outputs: Int, initial: InitialValue) throws -> Tensor {
        try tensor("bias", outputs, initial: initial.ofBias)
    }
}
