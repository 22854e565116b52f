import Layers
import Torch

/// Hands out the tensors of another source: those that are trained as parameters, the others as constants.
final class ParameterSource: WeightSource {
    private let source: any WeightSource
    private let constants: ResidentSource
    private let device: Device
    private let isTrained: (String) -> Bool
    private var values: [String: Tensor] = [:]
    /// In the order the model asked for them.
    private(set) var parameters: [Parameter] = []
    /// The shape of everything the model has asked for.
    private(set) var shapes: [String: [Int]] = [:]

    /// - Parameter dtype: the number type of constants; `nil` keeps the stored one.
    init(
        _ source: any WeightSource, constants dtype: DType?, device: Device, isTrained: @escaping (String) -> Bool
    ) {
        self.source = source
        constants = ResidentSource(source, dtype: dtype, device: device)
        self.device = device
        self.isTrained = isTrained
    }

    var origin: String { source.origin }
    var names: [String]? { source.names }
    func shape(of name: String) -> [Int]? { source.shape(of: name) }
    func storedName(of name: String) -> String { source.storedName(of: name) }

    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        shapes[name] = shape
        if let value = values[name], value.shape == shape { return value }
        guard isTrained(name) else { return try constants.tensor(name, shape, initial: initial) }
        guard let stored = try source.tensor(name, shape, initial: initial) else { return nil }
        let parameter = try Parameter(path: name, initial: stored, device: device)
        values[name] = parameter.value
        parameters.append(parameter)
        return parameter.value
    }

    /// What the model has asked for and training does not change.
    func constantTensors() throws -> [(name: String, tensor: Tensor)] {
        try shapes.filter { values[$0.key] == nil }.sorted { $0.key < $1.key }.compactMap { name, shape in
            try constants.tensor(name, shape, initial: .zeros).map { (name, $0) }
        }
    }
}
