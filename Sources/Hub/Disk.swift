#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The two questions to the disk whose bad answers a test cannot bring about otherwise.
struct Disk: Sendable {
    /// Bytes a user may still write to the file system of a folder; nil when it does not say.
    var freeBytes: @Sendable (_ folder: String) -> Int?
    /// `write(2)`.
    var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int

    static let real = Disk(
        freeBytes: { folder in
            var status = statvfs()
            guard statvfs(folder, &status) == 0 else { return nil }
            return Int(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
        },
        write: { descriptor, bytes in
            #if canImport(Glibc)
                Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            #else
                Darwin.write(descriptor, bytes.baseAddress, bytes.count)
            #endif
        })

    /// Size of the regular file at `path`, symbolic links followed; nil when there is none.
    static func fileSize(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    static func createFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw HubError.fileSystem(operation: "create the folder", path: path, reason: reason(error))
        }
    }

    /// Writes to a temporary name and renames, the folder is made.
    static func replace(_ path: String, with text: String) throws {
        try createFolder(folder(of: path))
        let temporary = temporaryName(for: path)
        do {
            try Data(text.utf8).write(to: URL(filePath: temporary))
        } catch {
            unlink(temporary)
            throw HubError.fileSystem(operation: "write", path: path, reason: reason(error))
        }
        try move(temporary, to: path)
    }

    /// Makes `path` a symbolic link to `target`, instead of whatever file was there.
    static func replaceLink(_ path: String, target: String) throws {
        try createFolder(folder(of: path))
        let temporary = temporaryName(for: path)
        guard symlink(target, temporary) == 0 else { throw failure("create the link", path) }
        try move(temporary, to: path)
    }

    static func move(_ source: String, to destination: String) throws {
        guard rename(source, destination) == 0 else {
            let error = failure("replace", destination)
            unlink(source)
            throw error
        }
    }

    /// The error of the C call that has just failed.
    static func failure(_ operation: String, _ path: String) -> HubError {
        .fileSystem(operation: operation, path: path, reason: String(cString: strerror(errno)))
    }

    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    private static func temporaryName(for path: String) -> String {
        "\(folder(of: path))/.\(getpid())-\(UInt64.random(in: 0 ... .max)).tmp"
    }

    private static func reason(_ error: any Error) -> String {
        guard let code = (error as? CocoaError)?.underlying as? POSIXError else { return "\(error)" }
        return String(cString: strerror(code.code.rawValue))
    }
}
