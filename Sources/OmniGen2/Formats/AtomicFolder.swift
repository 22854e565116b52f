#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder that appears under its name only when it is complete: written beside it under a temporary name, then renamed.
/// Without `commit()` nothing stays behind.
package final class AtomicFolder {
    /// Where to write until then.
    package let temporaryPath: String
    private let path: String
    private var isCommitted = false

    /// - Throws: `GenerationError.output` when no folder can be created beside `path`.
    package init(path: String) throws {
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
    package func folder(_ name: String) throws -> String {
        let folder = "\(temporaryPath)/\(name)"
        try Self.attempt("create \(folder)") {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        return folder
    }

    package func write(_ data: Data, to name: String) throws {
        try Self.attempt("write \(temporaryPath)/\(name)") {
            try data.write(to: URL(fileURLWithPath: "\(temporaryPath)/\(name)"))
        }
    }

    /// Flushes everything to the disk and gives the folder its name; one that has it is removed.
    package func commit() throws {
        try flush()
        try Self.attempt("rename \(temporaryPath) to \(path)") {
            let old = "\(temporaryPath).old"
            let replaces = FileManager.default.fileExists(atPath: path)
            if replaces { try FileManager.default.moveItem(atPath: path, toPath: old) }
            try FileManager.default.moveItem(atPath: temporaryPath, toPath: path)
            isCommitted = true
            if replaces { try FileManager.default.removeItem(atPath: old) }
        }
    }

    /// What a rename may not overtake: a name must never stand for a file that is still to be written.
    private func flush() throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: temporaryPath)
        for path in names.map({ "\(temporaryPath)/\($0)" }) + [temporaryPath] {
            // What a link points to is not of this folder.
            guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil else { continue }
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            defer { if descriptor >= 0 { close(descriptor) } }
            guard descriptor >= 0, fsync(descriptor) == 0 else {
                throw GenerationError.output("cannot flush \(path): \(String(cString: strerror(errno)))")
            }
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
