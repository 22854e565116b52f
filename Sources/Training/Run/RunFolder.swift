import Layers
import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where a run keeps what it makes: `checkpoint-STEP` folders, the name of the newest complete one in `latest`,
/// `metrics.jsonl`, pictures to look at in `samples`, and what TensorBoard reads in `logs`.
package struct RunFolder: Sendable {
    package let path: String
    /// How many checkpoints are kept; `nil` keeps all.
    private let limit: Int?

    /// - Throws: `GenerationError.output` when the folder cannot be made.
    package init(_ path: String, keeping limit: Int? = nil) throws {
        self.path = path
        self.limit = limit
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw GenerationError.output("cannot create \(path)")
        }
        removeLeftovers()
    }

    /// What a run that was killed while it wrote has left behind; no complete checkpoint has such a name.
    private func removeLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where name.hasPrefix("checkpoint-") && name.contains(".partial") {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
    }

    private static let stateName = "training.safetensors"
    private var metrics: String { "\(path)/metrics.jsonl" }
    var samples: String { "\(path)/samples" }
    var logs: String { "\(path)/logs" }

    /// The newest complete checkpoint's folder.
    package var latest: String? {
        guard let data = FileManager.default.contents(atPath: "\(path)/latest") else { return nil }
        let name = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
        return name.map { "\(path)/\($0)" }
    }

    /// The state in a checkpoint's folder.
    package static func state(of folder: String) throws -> Checkpoint {
        try Checkpoint(path: "\(folder)/\(stateName)")
    }

    /// Writes a checkpoint: everything under a temporary name, flushed, renamed, and only then named as the latest.
    ///
    /// - Parameter export: writes what models and adapters are loaded from into the folder it is given.
    /// - Returns: the folder.
    package func save(_ checkpoint: Checkpoint, _ export: (String) throws -> Void) throws -> String {
        let name = "checkpoint-\(checkpoint.progress.stepCount)"
        let folder = try AtomicFolder(path: "\(path)/\(name)")
        try checkpoint.write(to: "\(folder.temporaryPath)/\(Self.stateName)")
        try export(folder.temporaryPath)
        try folder.commit()
        try RunFile.write(name + "\n", to: "\(path)/latest")
        prune(upTo: checkpoint.progress.stepCount)
        return "\(path)/\(name)"
    }

    /// Checkpoints, oldest first.
    private var checkpoints: [(step: Int, name: String)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            let parts = name.split(separator: "-")
            guard parts.count == 2, parts[0] == "checkpoint", let step = Int(parts[1]) else { return nil }
            return (step, name)
        }.sorted { $0.step < $1.step }
    }

    /// Those of later steps belong to another run, and say nothing about this one.
    private func prune(upTo step: Int) {
        guard let limit else { return }
        for old in checkpoints.filter({ $0.step <= step }).dropLast(limit) {
            try? FileManager.default.removeItem(atPath: "\(path)/\(old.name)")
        }
    }

    /// Forgets metrics of steps after `step`, which a run makes again.
    package func truncateMetrics(after step: Int) throws {
        struct Line: Decodable { let step: Int }
        guard let data = FileManager.default.contents(atPath: metrics) else { return }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").filter {
            (try? JSONDecoder().decode(Line.self, from: Data($0.utf8))).map { $0.step <= step } ?? false
        }
        try RunFile.write(lines.map { $0 + "\n" }.joined(), to: metrics)
    }

    /// Adds a line to the metrics.
    package func log(_ report: some Encodable) throws {
        try RunFile.append(Array(try Self.line(report).utf8), to: metrics)
    }

    /// A value as a line of JSON.
    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
}
