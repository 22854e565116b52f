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

/// Where the pictures go: the path itself for one, `name_0.png`, `name_1.png`, ... for several.
struct OutputFiles {
    let paths: [String]

    init(_ output: String, count: Int) {
        guard count > 1 else {
            paths = [output]
            return
        }
        let (stem, ending) = Self.parts(of: output)
        paths = (0..<count).map { "\(stem)_\($0)\(ending)" }
    }

    /// The first names `name-1.png`, `name-2.png`, ... that no file has.
    init(free output: String, count: Int) {
        let (stem, ending) = Self.parts(of: output)
        let names = (1...).lazy.map { "\(stem)-\($0)\(ending)" }
        paths = Array(names.filter { !FileManager.default.fileExists(atPath: $0) }.prefix(count))
    }

    /// A path up to its ending, and the ending with its dot.
    private static func parts(of output: String) -> (Substring, Substring) {
        let name = output.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        let dot = name.lastIndex(of: ".").map { output.distance(from: output.startIndex, to: $0) }
        let cut = dot.map { output.index(output.startIndex, offsetBy: $0) } ?? output.endIndex
        return (output[..<cut], output[cut...])
    }

    /// Checks before any work is done that the files can be written, and makes their folder.
    ///
    /// - Throws: `CommandError` when a file exists and `force` is off, the name is no PNG, or the folder cannot be made.
    func prepare(force: Bool) throws {
        for path in paths {
            guard path.lowercased().hasSuffix(".png") else {
                throw CommandError(.usage, "--output must name a .png file, got '\(path)'")
            }
            var isFolder = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            if isFolder { throw CommandError(.cannotCreate, "\(path) is a folder") }
            if exists, !force { throw CommandError(.cannotCreate, "\(path) exists; pass --force to overwrite it") }
        }
        for path in paths { try Self.prepareFolder(of: path) }
    }

    /// Makes the folder of a file and proves that files can be made in it, before hours of work.
    private static func prepareFolder(of path: String) throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        for end in folder.indices where folder[end] == "/" && end > folder.startIndex {
            mkdir(String(folder[..<end]), 0o777)
        }
        if !folder.isEmpty, mkdir(folder, 0o777) != 0, errno != EEXIST {
            throw CommandError(.cannotCreate, "cannot make the folder \(folder): \(String(cString: strerror(errno)))")
        }
        let probe = "\(folder)/.omnigen2-\(getpid())"
        let descriptor = open(probe, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandError(.cannotCreate, "cannot write in \(folder): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
        unlink(probe)
    }
}
