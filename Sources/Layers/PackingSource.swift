import Torch

/// Answers from another source, and keeps a list of what a model asks for: which weights it packs, and which tensors it
/// takes as they are. Weights are packed when they are asked for from the list, or by a calibrator when the model first
/// multiplies them.
package final class PackingSource: WeightSource {
    private let source: any WeightSource
    private let calibrator: Calibrator?
    package private(set) var packed: [Packed] = []
    /// Names and shapes of the tensors.
    package private(set) var dense: [(name: String, shape: [Int])] = []

    /// A weight that a model packs.
    package struct Packed {
        let paths: [String]
        package let form: PackedForm
        package let pack: () throws -> PackedWeight

        package var name: String { form.name(of: paths) }
        package var byteCount: Int { form.byteCount }
        /// The same where its numbers are not to be had in 12 bits.
        package var loose: Packed { Packed(paths: paths, form: form.loose, pack: pack) }
    }

    /// - Parameter calibrator: without one a model's weights have no numbers, and it cannot compute.
    package init(_ source: any WeightSource, calibrator: Calibrator? = nil) {
        (self.source, self.calibrator) = (source, calibrator)
    }

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
        guard let calibrator else {
            packed.append(Packed(paths: paths, form: form, pack: pack))
            return .hollow(form)
        }
        let form = form.loose
        let weight = PackedWeight.deferred(form) { try calibrator.fill($0, paths, $1) }
        packed.append(Packed(paths: paths, form: form) { weight.isFilled ? weight : try pack() })
        return weight
    }
}
