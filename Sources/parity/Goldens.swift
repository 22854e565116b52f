import Layers
import OmniGen2
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A set of recorded numbers, and the account of what has been compared with it.
///
/// Every tensor of the manifest ends up as an input somebody asked for, as compared, or as left out.
final class Goldens {
    let folder: String
    let manifest: Manifest
    let device: Device
    private(set) var report = Report()
    private let records: [Key: Manifest.Tensor]
    private let tolerances: [Key: String]
    private var files: [String: SafetensorsFile] = [:]
    private var inputs: Set<Key> = []
    private var jsonFiles: Set<String> = []

    private struct Key: Hashable {
        let file: String
        let name: String
    }

    init(folder: String, device: Device) throws {
        self.folder = folder
        self.device = device
        manifest = try Self.decode(Manifest.self, folder + "/manifest.json")
        var records: [Key: Manifest.Tensor] = [:]
        var tolerances: [Key: String] = [:]
        var above = ""
        for record in manifest.tensors {
            if !record.tolerance.hasPrefix("as above") { above = record.tolerance }
            records[Key(file: record.file, name: record.name)] = record
            tolerances[Key(file: record.file, name: record.name)] = above
        }
        self.records = records
        self.tolerances = tolerances
    }

    private static func decode<T: Decodable>(_ type: T.Type, _ path: String) throws -> T {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ParityError("\(path): no such file")
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw ParityError("\(path): \(error)")
        }
    }

    /// A JSON file of the set, which counts as covered once a stage has read it.
    func json(_ file: String) throws -> JSONValue {
        jsonFiles.insert(file)
        return try Self.decode(JSONValue.self, folder + "/" + file)
    }

    /// Whether the manifest lists a JSON file.
    func lists(_ file: String) -> Bool { (manifest.json ?? []).contains { $0.file == file } }

    /// Names of a file's tensors, in the manifest's order.
    func names(_ file: String) -> [String] { manifest.tensors.filter { $0.file == file }.map(\.name) }

    /// The parts before the first point of the names, in order: the cases of a file.
    func cases(_ file: String) -> [String] {
        var seen: [String] = []
        for name in names(file) {
            let prefix = String(name.prefix { $0 != "." })
            if name.contains("."), !seen.contains(prefix) { seen.append(prefix) }
        }
        return seen
    }

    func has(_ file: String, _ name: String) -> Bool { records[Key(file: file, name: name)] != nil }

    func how(_ file: String, _ name: String) -> String { records[Key(file: file, name: name)]?.how ?? "" }

    /// A recorded tensor on the CPU.
    func recorded(_ file: String, _ name: String) throws -> Tensor {
        let source = try self.file(file)
        guard let tensor = try CheckpointSource.tensor(name, in: source) else {
            throw ParityError("\(file): tensor \(name) is listed in the manifest and missing")
        }
        return tensor
    }

    /// A recorded tensor that a stage takes as its input, on the device that is tested.
    func input(_ file: String, _ name: String) throws -> Tensor {
        inputs.insert(Key(file: file, name: name))
        return try recorded(file, name).to(device)
    }

    private func file(_ name: String) throws -> SafetensorsFile {
        if let file = files[name] { return file }
        let file = try SafetensorsFile(path: folder + "/" + name)
        files[name] = file
        return file
    }

    /// Compares a tensor of any type with its record.
    func check(_ file: String, _ name: String, _ tensor: Tensor) throws {
        let expected = try recorded(file, name)
        try compare(file, name, tensor.shape, tensor.doubles(), expected.shape, expected.doubles(), expected.dtype)
    }

    /// Compares whole numbers with their record.
    func check(_ file: String, _ name: String, _ values: [Int]) throws {
        let expected = try recorded(file, name)
        try compare(
            file, name, expected.shape, values.map(Double.init), expected.shape, expected.doubles(), expected.dtype)
    }

    /// Compares sequences with the rows of a padded record [B, L, ...]; what lies behind each sequence is no
    /// result of the original either.
    func check(_ file: String, _ name: String, rows: [Tensor]) throws {
        let record = try recorded(file, name)
        let expected = try rows.enumerated().map { index, row in
            try record.selected(0, index).narrowed(0, 0..<min(row.size(0), record.size(1))).doubles()
        }
        let got = try rows.map { try $0.doubles() }
        // A record may be padded further than its longest sequence.
        let fits = rows.count == record.size(0) && rows.allSatisfy { $0.size(0) <= record.size(1) }
        let shape = fits ? record.shape : [rows.count] + (rows.max { $0.size(0) < $1.size(0) }?.shape ?? [])
        try compare(
            file, name, shape, got.flatMap { $0 }, record.shape, expected.flatMap { $0 }, record.dtype)
    }

    private func compare(
        _ file: String, _ name: String, _ shape: [Int], _ got: [Double], _ expectedShape: [Int],
        _ expected: [Double], _ dtype: DType
    ) throws {
        let key = Key(file: file, name: name)
        let tolerance = Tolerance(tolerances[key] ?? "exact", for: dtype)
        guard shape == expectedShape, got.count == expected.count else {
            report.add(
                file, name, error: .infinity, share: .infinity, "shape \(shape), recorded \(expectedShape)")
            return
        }
        let (share, error) = tolerance.measure(got, expected, dtype)
        report.add(file, name, error: error, share: share, tolerance.description)
    }

    /// Notes the outcome of a case of a JSON file.
    func check(_ file: String, case name: String, _ same: Bool) {
        report.add(file, name, error: same ? 0 : .infinity, share: same ? 0 : .infinity, "equal")
    }

    /// Notes a stage that could not run at all.
    func fail(_ stage: String, _ error: any Error) { report.broken.append("\(stage): \(error)") }

    /// Closes the account: what nobody asked for is left out.
    func finish() {
        for file in (manifest.json ?? []).map(\.file) where !jsonFiles.contains(file) { report.leftOut.append(file) }
        for record in manifest.tensors {
            let key = Key(file: record.file, name: record.name)
            if !inputs.contains(key), !report.has(record.file, record.name) {
                report.leftOut.append("\(record.file) \(record.name)")
            }
        }
    }
}

struct ParityError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
