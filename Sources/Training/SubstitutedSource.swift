import Layers
import Torch

/// A source with some tensors in the place of its own.
final class SubstitutedSource: WeightSource {
    private let source: any WeightSource
    private let tensors: [String: Tensor]

    init(_ source: any WeightSource, _ tensors: [String: Tensor]) {
        self.source = source
        self.tensors = tensors
    }

    var origin: String { source.origin }
    var names: [String]? { source.names }
    func shape(of name: String) -> [Int]? { source.shape(of: name) }
    func storedName(of name: String) -> String { source.storedName(of: name) }

    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        try tensors[name] ?? source.tensor(name, shape, initial: initial)
    }
}
