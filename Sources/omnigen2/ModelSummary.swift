import Layers
import OmniGen2

/// Parts, parameters, number types and sizes of a model folder, and what is wrong with it.
struct ModelSummary: Sendable {
    let table: [(String, String)]
    /// The first thing that keeps the model from loading.
    let problem: (any Error)?

    init(path: String) throws {
        let folder = try ModelFolder(path: path)
        var rows = [("model", path)]
        var problem: (any Error)?
        for part in ModelFolder.Part.allCases {
            do {
                let tensors = try folder.tensors(part)
                rows.append((part.rawValue, try Self.packed(tensors) ?? Self.describe(tensors)))
            } catch {
                rows.append((part.rawValue, "\(error)"))
                problem = problem ?? error
            }
        }
        do {
            try folder.verify()
        } catch {
            problem = problem ?? error
        }
        rows.append(("complete", problem == nil ? "yes" : "no"))
        table = rows
        self.problem = problem
    }

    /// Packed weights are no longer numbers to be counted.
    private static func packed(_ tensors: SafetensorsFolder) throws -> String? {
        guard let storage = try PackedSource.storage(of: tensors) else { return nil }
        let bytes = tensors.names.reduce(0) { $0 + (tensors[$1]?.entry.byteRange.count ?? 0) }
        let numbers = storage == .packed ? "bf16" : storage.rawValue
        return "\(tensors.names.count) tensors, packed \(numbers), \(count(bytes))B"
    }

    private static func describe(_ tensors: SafetensorsFolder) -> String {
        var parameters = 0
        var bytes = 0
        var types: Set<String> = []
        for name in tensors.names {
            guard let entry = tensors[name]?.entry else { continue }
            parameters += entry.shape.reduce(1, *)
            bytes += entry.byteRange.count
            types.insert(String(describing: entry.elementType))
        }
        return "\(tensors.names.count) tensors, \(count(parameters)) parameters, "
            + "\(types.sorted().joined(separator: " ")), \(count(bytes))B"
    }

    /// "3.96 G", "12.3 M", "1.50 k".
    static func count(_ value: Int) -> String {
        for (unit, size) in [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)] where value >= size {
            let hundredths = value * 100 / size
            return "\(hundredths / 100).\(String(hundredths % 100 + 100).dropFirst()) \(unit)"
        }
        return "\(value) "
    }
}
