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
    private let storage: WeightStorage
    private let adapters: AdapterSet
    private let ledger: Ledger

    /// What has been handed out, by full name.
    private final class Ledger {
        var consumed: [String: Int] = [:]
        var adapted: Set<String> = []
    }

    /// - Parameters:
    ///   - dtype: the type floating-point tensors are converted to; `nil` keeps the stored one.
    ///   - storage: how the weights of linear layers are kept.
    ///   - adapters: what is added to the linear layers, by their paths.
    package init(
        _ source: any WeightSource, dtype: DType? = nil, device: Device = .cpu, storage: WeightStorage = .dense,
        adapters: AdapterSet = AdapterSet()
    ) {
        self.source = source
        prefix = ""
        self.dtype = dtype
        self.device = device
        self.storage = storage
        self.adapters = adapters
        ledger = Ledger()
    }

    private init(_ parent: Weights, prefix: String) {
        source = parent.source
        self.prefix = prefix
        dtype = parent.dtype
        device = parent.device
        storage = parent.storage
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
        try consume(key, shape)
        return try read(key, shape, initial: initial, from: source)
    }

    /// A tensor in the view's type and on its device.
    private func read(
        _ key: String, _ shape: [Int], initial: InitialValue, from source: any WeightSource
    ) throws -> Tensor {
        guard let tensor = try source.tensor(key, shape, initial: initial) else {
            throw WeightError.missing(key: source.storedName(of: key), shape: shape, origin: source.origin)
        }
        guard tensor.dtype.isFloatingPoint else {
            throw WeightError.notFloatingPoint(
                key: source.storedName(of: key), got: tensor.dtype, origin: source.origin)
        }
        return try tensor.to(dtype ?? tensor.dtype).to(device)
    }

    /// Counts a tensor as asked for.
    ///
    /// - Throws: `WeightError.wrongShape` when the source holds it in another one.
    private func consume(_ key: String, _ shape: [Int]) throws {
        if let stored = source.shape(of: key), stored != shape {
            throw WeightError.wrongShape(
                key: source.storedName(of: key), expected: shape, got: stored, origin: source.origin)
        }
        ledger.consumed[key, default: 0] += 1
    }

    /// The weight of a linear layer [outputs, inputs], and the low-rank pairs that act beside it: all that belong to this
    /// prefix, or none when they are merged into the weight.
    package func adapted(
        _ outputs: Int, _ inputs: Int, initial: InitialValue
    ) throws -> (weight: Tensor, adapters: [LowRankAdapter]) {
        let weight = try tensor("weight", outputs, inputs, initial: initial)
        return (try merged(weight), try actingPairs(weight.dtype))
    }

    /// The low-rank pairs that act beside the weight below this prefix.
    private func actingPairs(_ dtype: DType) throws -> [LowRankAdapter] {
        let pairs = adapters[prefix]
        if !pairs.isEmpty { ledger.adapted.insert(prefix) }
        return adapters.isMerged ? [] : try pairs.map { try $0.converted(dtype, device) }
    }

    /// The weight with the low-rank pairs that belong to it, where they are merged.
    private func merged(_ weight: Tensor) throws -> Tensor {
        let pairs = adapters[prefix]
        guard adapters.isMerged, !pairs.isEmpty else { return weight }
        ledger.adapted.insert(prefix)
        return try pairs.reduce(weight.to(.float32)) { sum, pair in try sum + pair.delta().to(device) }.to(weight.dtype)
    }

    /// The weights of linear layers of one x as one, packed for our kernels, and the low-rank pairs that act beside each.
    ///
    /// - Parameters:
    ///   - views: where each layer's weight is.
    ///   - isWide: whether it keeps its number type where others are quantized.
    /// - Returns: `nil` where weights are to be dense.
    func packed(
        _ views: [Weights], _ outputs: [Int], _ inputs: Int, isWide: Bool = false, initial: InitialValue
    ) throws -> (weight: PackedWeight, adapters: [[LowRankAdapter]])? {
        guard let dtype = packedType else { return nil }
        let pairs = try views.map { try $0.actingPairs(dtype) }
        let weight = try packed(views, outputs, inputs) {
            let isQuantized = storage == .int8 && !isWide
            let weight = try PackedWeight(
                outputs: outputs.reduce(0, +), inputs: inputs, dtype: dtype, isQuantized: isQuantized, isGated: false)
            var first = 0
            for (view, outputs) in zip(views, outputs) {
                try view.pack(into: weight, .whole, first: first, outputs, inputs, initial: initial)
                first += outputs
            }
            return weight
        }
        return (weight, pairs)
    }

    /// The weights of a gated pair of linear layers as one, packed for our kernels.
    ///
    /// - Returns: `nil` where weights are to be dense, or low-rank pairs act beside them.
    func packedGate(
        _ gate: Weights, _ up: Weights, _ outputs: Int, _ inputs: Int, initial: InitialValue
    ) throws -> PackedWeight? {
        let views = [gate, up]
        guard let dtype = packedType, views.allSatisfy({ adapters.isMerged || adapters[$0.prefix].isEmpty }) else {
            return nil
        }
        return try packed(views, [outputs, outputs], inputs) {
            let weight = try PackedWeight(
                outputs: outputs, inputs: inputs, dtype: dtype, isQuantized: storage == .int8, isGated: true)
            try gate.pack(into: weight, .gate, outputs, inputs, initial: initial)
            try up.pack(into: weight, .up, outputs, inputs, initial: initial)
            return weight
        }
    }

    /// The type packed weights multiply, where weights are packed.
    private var packedType: DType? {
        guard storage != .dense, device == .cpu, let dtype, dtype == .bfloat16 || dtype == .float32 else { return nil }
        return dtype
    }

    /// What was packed before of the same tensors, where the source keeps such; else what `pack` makes.
    private func packed(
        _ views: [Weights], _ outputs: [Int], _ inputs: Int, _ pack: () throws -> PackedWeight
    ) throws -> PackedWeight {
        for (view, outputs) in zip(views, outputs) { try consume(view["weight"].prefix, [outputs, inputs]) }
        let areMerged = adapters.isMerged && views.contains { !adapters[$0.prefix].isEmpty }
        if areMerged { return try pack() }
        return try source.packed(views.map(\.prefix), pack)
    }

    private func pack(
        into weight: PackedWeight, _ part: PackedWeight.Part, first: Int = 0, _ outputs: Int, _ inputs: Int,
        initial: InitialValue
    ) throws {
        let key = self["weight"].prefix
        let source = source.unkept
        try weight.pack(
            merged(read(key, [outputs, inputs], initial: initial, from: source)), part, first: first)
        source.releaseMemory(of: key)
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
