#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A folder that appears under its name only when it is complete: written beside it under a temporary name, then renamed.
/// Without `commit()` nothing stays behind.
final class AtomicFolder {
    /// Where to write until then.
    let temporaryPath: String
    private let path: String
    private var isCommitted = false

    /// - Throws: `GenerationError.output` when no folder can be created beside `path`.
    init(path: String) throws {
        self.path = path
        temporaryPath = "\(path).\(UUID().uuidString.prefix(8)).partial"
        try Self.attempt("create \(temporaryPath)") {
            try FileManager.default.createDirectory(atPath: temporaryPath, withIntermediateDirectories: true)
        }
    }

    deinit {
        if !isCommitted { try? FileManager.default.removeItem(atPath: temporaryPath) }
    }

    /// A folder inside, created.
    func folder(_ name: String) throws -> String {
        let folder = "\(temporaryPath)/\(name)"
        try Self.attempt("create \(folder)") {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        return folder
    }

    func write(_ data: Data, to name: String) throws {
        try Self.attempt("write \(temporaryPath)/\(name)") {
            try data.write(to: URL(fileURLWithPath: "\(temporaryPath)/\(name)"))
        }
    }

    /// Gives the folder its name; one that has it is removed.
    func commit() throws {
        try Self.attempt("rename \(temporaryPath) to \(path)") {
            let old = "\(temporaryPath).old"
            let replaces = FileManager.default.fileExists(atPath: path)
            if replaces { try FileManager.default.moveItem(atPath: path, toPath: old) }
            try FileManager.default.moveItem(atPath: temporaryPath, toPath: path)
            isCommitted = true
            if replaces { try FileManager.default.removeItem(atPath: old) }
        }
    }

    private static func attempt(_ action: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            let reason = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            throw GenerationError.output("cannot \(action): \(reason)")
        }
    }
}
