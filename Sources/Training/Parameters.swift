import Layers
import Torch

/// The parameters of a model, and the view through which the model reads them.
///
/// A model is a function of its weights: for each forward it is built anew from `weights()`, with gradients recorded, so
/// that the cast of the float32 parameters to the type that is computed in is part of the graph.
package final class Parameters {
    package let list: [Parameter]
    package let lowRank: LowRankOptions?
    private let source: ParameterSource
    private let dtype: DType
    private let device: Device

    /// All tensors that `build` reads, or those whose path `isTrained` takes.
    ///
    /// - Parameters:
    ///   - dtype: the number type that is computed in.
    ///   - ignoring: names of tensors that the source may have and `build` does not read.
    package init(
        _ source: any WeightSource, computing dtype: DType = .float32, device: Device = .cpu,
        isTrained: @escaping (String) -> Bool = { _ in true }, ignoring: (String) -> Bool = { _ in false },
        build: (Weights) throws -> Void
    ) throws {
        self.source = ParameterSource(source, constants: dtype, device: device, isTrained: isTrained)
        self.dtype = dtype
        self.device = device
        lowRank = nil
        let view = Weights(self.source, dtype: dtype, device: device)
        try build(view)
        try view.requireAllConsumed(ignoring: ignoring)
        list = self.source.parameters
        guard !list.isEmpty else { throw TrainingError.option("\(source.origin): nothing to train") }
    }

    /// Low-rank pairs beside the linear layers that `options` name; the model itself stays as it is.
    ///
    /// `down` starts normal with deviation 1 / rank, `up` at zero. Source: `init_lora_weights="gaussian"` of PEFT.
    ///
    /// - Parameter initial: where the pairs start instead, by the names `path.lora_A.weight` and `path.lora_B.weight`.
    package init(
        _ source: any WeightSource, computing dtype: DType = .float32, device: Device = .cpu, lowRank: LowRankOptions,
        seed: UInt64, initial: (any WeightSource)? = nil, build: (Weights) throws -> Void
    ) throws {
        try lowRank.validate()
        self.source = ParameterSource(source, constants: dtype, device: device, isTrained: { _ in false })
        self.dtype = dtype
        self.device = device
        self.lowRank = lowRank
        let view = Weights(self.source, dtype: dtype, device: device)
        try build(view)
        try view.requireAllConsumed()
        list = try Self.pairs(self.source.shapes, lowRank, initial ?? RandomSource(seed: seed), device)
        guard !list.isEmpty else {
            throw TrainingError.option("no linear layer ends in \(lowRank.targets.joined(separator: ", "))")
        }
        let adapted = weights()
        try build(adapted)
        try adapted.requireAllConsumed()
    }

    private static func pairs(
        _ shapes: [String: [Int]], _ options: LowRankOptions, _ start: any WeightSource, _ device: Device
    ) throws -> [Parameter] {
        var list: [Parameter] = []
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) where shape.count == 2 {
            let path = String(name.dropLast(".weight".count))
            guard name == path + ".weight", options.takes(path) else { continue }
            func add(_ half: String, _ shape: [Int], _ initial: InitialValue) throws {
                let name = "\(path).lora_\(half).weight"
                guard let tensor = try start.tensor(name, shape, initial: initial), tensor.shape == shape else {
                    throw WeightError.missing(key: name, shape: shape, origin: start.origin)
                }
                list.append(try Parameter(path: name, initial: tensor, device: device))
            }
            try add("A", [options.rank, shape[1]], .normal(1 / Double(options.rank)))
            try add("B", [shape[0], options.rank], .zeros)
        }
        return list
    }

    /// The view that a model is built from.
    ///
    /// - Parameters:
    ///   - values: what stands for the parameters, in their order: an average of them, for example.
    ///   - dropout: where dropout draws from; without it nothing is dropped.
    package func weights(values: [Tensor]? = nil, dropout: Generator? = nil) -> Weights {
        let values = values ?? list.map(\.value)
        guard let lowRank else {
            let substitutes = Dictionary(zip(list.map(\.path), values), uniquingKeysWith: { $1 })
            return Weights(SubstitutedSource(source, substitutes), dtype: dtype, device: device)
        }
        let mask = lowRank.dropout > 0 ? dropout.map { Dropout(rate: lowRank.dropout, $0) } : nil
        var pairs: [String: LowRankAdapter] = [:]
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            pairs[String(list[index].path.dropLast(".lora_A.weight".count))] = LowRankAdapter(
                down: values[index], up: values[index + 1], scale: lowRank.alpha / Double(lowRank.rank), dropout: mask)
        }
        var adapters = AdapterSet()
        adapters.add(pairs, scale: 1)
        return Weights(source, dtype: dtype, device: device, adapters: adapters)
    }

    /// The pairs of an adapter, or everything the model reads, by path; `values` stand for the parameters, in their order.
    func tensors(_ values: [Tensor]? = nil) throws -> [(name: String, tensor: Tensor)] {
        let values = values ?? list.map(\.value)
        let trained = zip(list, values).map { (name: $0.path, tensor: $1) }
        if lowRank != nil { return trained }
        return trained + (try source.constantTensors())
    }

    /// The gradient of each parameter; zeros where no path led to one.
    package func gradients() throws -> [Tensor] {
        try list.map { try $0.value.gradient ?? Tensor.zeros($0.value.shape, device: device) }
    }

    package func clearGradients() throws {
        for parameter in list { try parameter.value.gradient?.clear() }
    }
}
