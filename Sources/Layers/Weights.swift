import Torch

/// A checkpoint seen from a dotted prefix. Copying is free; a tensor is read when asked for.
///
/// Construction is loading: a layer's initialiser takes a view and reads its tensors with the shapes it expects,
/// so the key stands beside the field, in the checkpoint's own spelling.
package struct Weights {
    private let source: any WeightSource
    private let prefix: String
    private let dtype: DType?
    private let device: Device
    private let adapters: AdapterSet
    private let ledger: Ledger

    /// What has been handed out, by full name.
    private final class Ledger {
        var consumed: [String: Int] = [:]
        var adapted: Set<String> = []
    }

    /// - Parameters:
    ///   - dtype: the type floating-point tensors are converted to; `nil` keeps the stored one.
    ///   - adapters: what is added to the linear layers, by their paths.
    package init(
        _ source: any WeightSource, dtype: DType? = nil, device: Device = .cpu, adapters: AdapterSet = AdapterSet()
    ) {
        self.source = source
        prefix = ""
        self.dtype = dtype
        self.device = device
        self.adapters = adapters
        ledger = Ledger()
    }

    private init(_ parent: Weights, prefix: String) {
        source = parent.source
        self.prefix = prefix
        dtype = parent.dtype
        device = parent.device
        adapters = parent.adapters
        ledger = parent.ledger
    }

    package subscript(_ name: String) -> Weights {
        Weights(self, prefix: prefix.isEmpty ? name : prefix + "." + name)
    }

    package subscript(_ index: Int) -> Weights { self[String(index)] }

    /// The tensor `name` below the prefix, in the view's type and on its device.
    ///
    /// - Throws: `WeightError` when it is missing or has another shape.
    package func tensor(_ name: String, _ shape: Int..., initial: InitialValue) throws -> Tensor {
        let key = self[name].prefix
        if let stored = source.shape(of: key), stored != shape {
            throw WeightError.wrongShape(
                key: source.storedName(of: key), expected: shape, got: stored, origin: source.origin)
        }
        guard let tensor = try source.tensor(key, shape, initial: initial) else {
            throw WeightError.missing(key: source.storedName(of: key), shape: shape, origin: source.origin)
        }
        ledger.consumed[key, default: 0] += 1
        guard tensor.dtype.isFloatingPoint else {
            throw WeightError.notFloatingPoint(
                key: source.storedName(of: key), got: tensor.dtype, origin: source.origin)
        }
        return try tensor.to(dtype ?? tensor.dtype).to(device)
    }

    /// The weight of a linear layer [outputs, inputs], and the low-rank pairs that act beside it: all that belong to this
    /// prefix, or none when they are merged into the weight.
    package func adapted(
        _ outputs: Int, _ inputs: Int, initial: InitialValue
    ) throws -> (weight: Tensor, adapters: [LowRankAdapter]) {
        let weight = try tensor("weight", outputs, inputs, initial: initial)
        let pairs = adapters[prefix]
        guard !pairs.isEmpty else { return (weight, []) }
        ledger.adapted.insert(prefix)
        guard adapters.isMerged else { return (weight, try pairs.map { try $0.converted(weight.dtype, device) }) }
        let merged = try pairs.reduce(weight.to(.float32)) { sum, pair in try sum + pair.delta().to(device) }
        return (try merged.to(weight.dtype), [])
    }

    /// How often each tensor was read, by full name.
    package var consumed: [String: Int] { ledger.consumed }

    /// - Throws: `WeightError.unused` when the source holds tensors that nothing has read, other than those
    ///   `ignoring` answers true for; `AdapterError.notTaken` when a low-rank pair belongs to no linear layer.
    package func requireAllConsumed(ignoring: (String) -> Bool = { _ in false }) throws {
        let unused = (source.names ?? []).filter { ledger.consumed[$0] == nil && !ignoring($0) }
        if !unused.isEmpty {
            throw WeightError.unused(keys: unused.map(source.storedName).sorted(), origin: source.origin)
        }
        let left = adapters.paths.filter { !ledger.adapted.contains($0) }
        if !left.isEmpty { throw AdapterError.notTaken(paths: left) }
    }
}
