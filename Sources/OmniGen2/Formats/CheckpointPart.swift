import Layers
import Torch

/// The tensors of one part of a model: opened and recognised by their names, not read.
package struct CheckpointPart: Sendable {
    package let part: ModelFolder.Part
    package let tensors: SafetensorsFolder
    package let format: CheckpointFormat
    private let scales: Float8Scales
    private let table: NameTable

    /// - Throws: `GenerationError.model` when the tensors are not those of `part`, `SafetensorsError` for an element type
    ///   or a quantisation that is not read.
    package init(_ part: ModelFolder.Part, _ tensors: SafetensorsFolder) throws {
        self.part = part
        self.tensors = tensors
        (format, table) = try CheckpointFormat.recognize(tensors.names, as: part, origin: tensors.path)
        scales = try Float8Scales(tensors)
    }

    /// Where a tensor lies, by its published name; nil if there is none.
    package subscript(name: String) -> (file: SafetensorsFile, entry: SafetensorsEntry)? { tensors[table.stored(name)] }

    /// Whether a weight, by its published name, is multiplied by a scale when it is read.
    package func isScaled(_ name: String) -> Bool { scales.scaleOfWeight[table.stored(name)] != nil }

    /// The tensors under their published names.
    package func source() throws -> any WeightSource {
        try RenamedSource(ScaledFloat8Source(CheckpointSource(tensors), scales), table)
    }

    /// The same names and shapes without data.
    ///
    /// - Throws: `SafetensorsError` for a tensor that is no floating-point number.
    package func shapes() throws -> any WeightSource {
        var shapes: [String: [Int]] = [:]
        for name in tensors.names where !scales.names.contains(name) {
            guard let entry = tensors[name]?.entry else { continue }
            guard DType(entry.elementType)?.isFloatingPoint == true else {
                throw SafetensorsError(
                    file: tensors.path, tensor: name,
                    reason: "element type \(entry.elementType.rawValue) is not supported")
            }
            shapes[name] = entry.shape
        }
        return try RenamedSource(ShapeSource(shapes, origin: tensors.path), table)
    }
}
