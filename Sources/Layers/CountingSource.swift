import Torch

/// Answers with tensors that have a shape and no memory, and counts what those of a model would take.
package final class CountingSource: WeightSource {
    /// What is asked for.
    package struct Request: Sendable {
        /// Names of the tensors it is made of.
        package let names: [String]
        package let bytes: Int
        /// How many numbers are packed; 0 for a tensor.
        package let packedNumbers: Int
        /// What is packed of a block that is read when it is its turn.
        package let looseBytes: Int

        /// The block it belongs to: its name up to the first number.
        package var block: String? {
            let parts = (names.first ?? "").split(separator: ".")
            return parts.firstIndex { Int($0) != nil }.map { parts[...$0].joined(separator: ".") }
        }
    }

    private let shapes: any WeightSource
    private let dtype: DType
    package private(set) var requests: [Request] = []

    /// - Parameters:
    ///   - shapes: what there is.
    ///   - dtype: the type tensors are kept in.
    package init(_ shapes: any WeightSource, _ dtype: DType) {
        self.shapes = shapes
        self.dtype = dtype
    }

    package var origin: String { shapes.origin }
    package var names: [String]? { shapes.names }
    package func shape(of name: String) -> [Int]? { shapes.shape(of: name) }
    package func storedName(of name: String) -> String { shapes.storedName(of: name) }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        requests.append(
            Request(names: [name], bytes: shape.reduce(1, *) * dtype.byteCount, packedNumbers: 0, looseBytes: 0))
        return try Tensor.zeros([1], dtype: dtype).expanded(shape)
    }

    package func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight {
        let form = shapes.storedForm(of: paths, form)
        let numbers = form.outputs * form.inputs * (form.isGated ? 2 : 1)
        requests.append(
            Request(
                names: paths.map { $0 + ".weight" }, bytes: form.byteCount, packedNumbers: numbers,
                looseBytes: form.loose.byteCount))
        return .hollow(form)
    }
}
