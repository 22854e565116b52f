import Torch

/// Answers from another source, and keeps a list of what a model asks for: which weights it packs, and which tensors it
/// takes as they are. Weights are packed when they are asked for from the list.
package final class PackingSource: WeightSource {
    private let source: any WeightSource
    package private(set) var packed: [Packed] = []
    /// Names and shapes of the tensors.
    package private(set) var dense: [(name: String, shape: [Int])] = []

    /// A weight that a model packs.
    package struct Packed {
        package let name: String
        package let byteCount: Int
        package let pack: () throws -> PackedWeight
    }

    package init(_ source: any WeightSource) { self.source = source }

    package var origin: String { source.origin }
    package var names: [String]? { source.names }
    package var unkept: any WeightSource { source }
    package func shape(of name: String) -> [Int]? { source.shape(of: name) }
    package func storedName(of name: String) -> String { source.storedName(of: name) }
    package func releaseMemory(of name: String) { source.releaseMemory(of: name) }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        if !dense.contains(where: { $0.name == name }) { dense.append((name, shape)) }
        return try source.tensor(name, shape, initial: initial)
    }

    package func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight {
        packed.append(Packed(name: form.name(of: paths), byteCount: form.byteCount, pack: pack))
        return .hollow(form)
    }
}
