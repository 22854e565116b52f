import Torch

/// The tensors of a packed file: weights as kernels read them, mapped without a copy, and all else under its published
/// name.
package final class PackedSource: WeightSource {
    private let folder: SafetensorsFolder
    private let dense: CheckpointSource
    package let names: [String]?

    /// The key of the file's metadata that says how its weights are stored.
    package static let metadataKey = "omnigen2.storage"

    /// How the weights of these files are stored: `nil` for files that are not packed.
    ///
    /// - Throws: `SafetensorsError` for a storage that is not known.
    package static func storage(of folder: SafetensorsFolder) throws -> WeightStorage? {
        guard let file = folder.files.first, let name = file.metadata[metadataKey] else { return nil }
        guard let storage = WeightStorage(rawValue: name), storage != .dense else {
            throw SafetensorsError(
                file: file.path,
                reason: "its weights are stored as '\(name)'; this program reads "
                    + WeightStorage.allCases.filter { $0 != .dense }.map(\.rawValue).joined(separator: ", "))
        }
        return storage
    }

    package init(_ folder: SafetensorsFolder) {
        self.folder = folder
        dense = CheckpointSource(folder)
        names = folder.names.flatMap { name in PackedForm.paths(of: name)?.paths.map { $0 + ".weight" } ?? [name] }
    }

    package var origin: String { folder.path }
    package func shape(of name: String) -> [Int]? { dense.shape(of: name) }
    package func releaseMemory(of name: String) { dense.releaseMemory(of: name) }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        try dense.tensor(name, shape, initial: initial)
    }

    package func storedForm(of paths: [String], _ form: PackedForm) -> PackedForm {
        form.held(of: paths) { folder[$0] != nil } ?? form
    }

    package func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight {
        let form = storedForm(of: paths, form)
        let name = form.name(of: paths)
        guard let (file, entry) = folder[name] else {
            throw WeightError.missing(key: name, shape: [form.byteCount], origin: origin)
        }
        guard entry.byteRange.count == form.byteCount else {
            throw WeightError.wrongShape(
                key: name, expected: [form.byteCount], got: [entry.byteRange.count], origin: origin)
        }
        return try PackedWeight(form, file.bytes(of: entry), owner: file)
    }
}
