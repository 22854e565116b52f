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
    /// Whether bf16 weights of linear layers are to be packed in 12 bits.
    private let compacts: Bool
    private let ledger: Ledger

    /// What has been handed out, by full name.
    private final class Ledger {
        var consumed: [String: Int] = [:]
        var shapes: [String: [Int]] = [:]
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
        compacts = false
        ledger = Ledger()
    }

    private init(_ parent: Weights, prefix: String, compacts: Bool) {
        source = parent.source
        self.prefix = prefix
        self.compacts = compacts
        dtype = parent.dtype
        device = parent.device
        storage = parent.storage
        adapters = parent.adapters
        ledger = parent.ledger
    }

    package subscript(_ name: String) -> Weights {
        Weights(self, prefix: prefix.isEmpty ? name : prefix + "." + name, compacts: compacts)
    }

    package subscript(_ index: Int) -> Weights { self[String(index)] }

    /// The same view, whose linear layers are packed without loss in 12 bits a number where they would be in bf16: for few
    /// rows, whose time is that of reading the weights. With more rows, unpacking takes a tenth to a third more.
    package var compact: Weights { Weights(self, prefix: prefix, compacts: true) }

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

    /// Blocks 0..<count below the view, each made by `make`: all in memory, or read when it is their turn where the source
    /// streams them.
    package func blocks<Block>(
        _ count: Int, _ make: @escaping (Weights) throws -> Block
    ) throws -> BlockStack<Block> {
        let views = (0..<count).map { self[$0] }
        guard let streaming = source.streaming else { return BlockStack(try views.map(make)) }
        let requested = try views.map { view in
            let requests = BlockRequests(streaming)
            _ = try make(Weights(view, reading: requests, ledger))
            return requests.requested
        }
        let plan = streaming.plan(requested)
        return BlockStack(DiskResidency(plan.extents)) { index, bytes in
            let source = BlockSource(bytes, plan.places[index], origin: streaming.origin)
            return try make(Weights(views[index], reading: source, Ledger()))
        }
    }

    /// The same view of another source.
    private init(_ view: Weights, reading source: any WeightSource, _ ledger: Ledger) {
        self.source = source
        prefix = view.prefix
        (dtype, device, storage, adapters) = (view.dtype, view.device, view.storage, view.adapters)
        // A block that is read again and again is packed again too, if it is not stored so.
        compacts = view.compacts && !(source is BlockSource)
        self.ledger = ledger
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
        ledger.shapes[key] = shape
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
    ///   - leastBits: how far the weight may be quantized.
    /// - Returns: `nil` where weights are to be dense.
    func packed(
        _ views: [Weights], _ outputs: [Int], _ inputs: Int, leastBits: Int = 4, initial: InitialValue
    ) throws -> (weight: PackedWeight, adapters: [[LowRankAdapter]])? {
        guard let form = packedForm(outputs.reduce(0, +), inputs, leastBits: leastBits, isGated: false) else {
            return nil
        }
        let weight = try packed(views, outputs, form) {
            try PackedWeight.packing(form) { weight in
                var first = 0
                for (view, outputs) in zip(views, outputs) {
                    try view.pack(into: weight, .whole, first: first, [outputs, inputs], initial: initial)
                    first += outputs
                }
            }
        }
        return (weight, try views.map { try $0.actingPairs(form.dtype) })
    }

    /// The weights of a gated pair of linear layers as one, packed for our kernels, and the low-rank pairs that act beside
    /// each.
    ///
    /// - Returns: `nil` where weights are to be dense.
    func packedGate(
        _ gate: Weights, _ up: Weights, _ outputs: Int, _ inputs: Int, initial: InitialValue
    ) throws -> (weight: PackedWeight, gate: [LowRankAdapter], up: [LowRankAdapter])? {
        guard let form = packedForm(outputs, inputs, leastBits: 4, isGated: true) else { return nil }
        let weight = try packed([gate, up], [outputs, outputs], form) {
            try PackedWeight.packing(form) { weight in
                try gate.pack(into: weight, .gate, [outputs, inputs], initial: initial)
                try up.pack(into: weight, .up, [outputs, inputs], initial: initial)
            }
        }
        return (weight, try gate.actingPairs(form.dtype), try up.actingPairs(form.dtype))
    }

    /// Whether the weights of linear layers are packed: for the CPU, in a number type that kernels multiply.
    package var packsLinearLayers: Bool {
        guard storage != .dense, device == .cpu else { return false }
        return dtype == .bfloat16 || dtype == .float32 && storage == .packed
    }

    /// The form of a packed weight; `nil` where weights are to be dense.
    private func packedForm(_ outputs: Int, _ inputs: Int, leastBits: Int, isGated: Bool) -> PackedForm? {
        guard packsLinearLayers else { return nil }
        let numbers: PackedForm.Numbers
        switch storage {
        case .dense: return nil
        case .int4 where leastBits <= 4: numbers = .int4
        case .int8 where leastBits <= 8, .int4 where leastBits <= 8: numbers = .int8
        case .packed, .int8, .int4:
            numbers = dtype == .float32 ? .float32 : compacts ? .compactBfloat16 : .bfloat16
        }
        return PackedForm(outputs: outputs, inputs: inputs, numbers: numbers, isGated: isGated)
    }

    /// What the source holds packed of these layers; else what `pack` makes. Merged pairs are in no source.
    private func packed(
        _ views: [Weights], _ outputs: [Int], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight {
        for (view, outputs) in zip(views, outputs) { try consume(view["weight"].prefix, [outputs, form.inputs]) }
        let areMerged = adapters.isMerged && views.contains { !adapters[$0.prefix].isEmpty }
        return areMerged ? try pack() : try source.packed(views.map(\.prefix), form, pack)
    }

    /// Reads a weight and packs it; its stored bytes do not stay in memory.
    private func pack(
        into weight: PackedWeight, _ part: PackedWeight.Part, first: Int = 0, _ shape: [Int], initial: InitialValue
    ) throws {
        let key = self["weight"].prefix
        let source = source.unkept
        try weight.pack(merged(read(key, shape, initial: initial, from: source)), part, first: first)
        source.releaseMemory(of: key)
    }

    /// How often each tensor was read, by full name.
    package var consumed: [String: Int] { ledger.consumed }

    /// In which shape each tensor was asked for, by full name.
    package var shapes: [String: [Int]] { ledger.shapes }

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
