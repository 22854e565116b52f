import Torch

/// Learns which stored tensors a block is made of, as the block is built without numbers.
final class BlockRequests: WeightSource {
    private let source: StreamingSource
    private(set) var requested: [String] = []

    init(_ source: StreamingSource) { self.source = source }

    var origin: String { source.origin }
    var names: [String]? { source.names }
    func shape(of name: String) -> [Int]? { source.shape(of: name) }
    func storedName(of name: String) -> String { source.storedName(of: name) }

    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        requested.append(name)
        return try source.tensor(name, shape, initial: initial)
    }

    func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight {
        let held = form.held(of: paths, source.holds)
        requested += held.map { [$0.name(of: paths)] } ?? paths.map { $0 + ".weight" }
        return .hollow(form)
    }
}
