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

/// Where a libtorch may be: `--libtorch`, `OMNIGEN2_LIBTORCH`, the cache folder that `scripts/bootstrap` fills,
/// a Python torch. The first two are the user's word: when they do not work, nothing else is tried.
package struct LibTorchSearch {
    private let explicit: String?
    private let environment: [String: String]

    package init(explicit: String?, environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.explicit = explicit
        self.environment = environment
    }

    /// Opens the first libtorch that works.
    func open() throws(TorchError) -> LibTorch {
        var searched: [String] = []
        if let (origin, folder) = demanded() {
            guard let library = Self.libraryFolder(folder) else {
                throw .libraryNotFound(searched: ["\(origin): \(folder) holds no \(Self.libraryName)"])
            }
            return try LibTorch(folder: library)
        }
        for (origin, folders) in places() {
            if folders.isEmpty { searched.append("\(origin): none") }
            for folder in folders {
                guard let library = Self.libraryFolder(folder) else {
                    searched.append("\(origin): \(folder) holds no \(Self.libraryName)")
                    continue
                }
                do throws(TorchError) {
                    return try LibTorch(folder: library)
                } catch {
                    searched.append("\(origin): \(error)")
                }
            }
        }
        throw .libraryNotFound(searched: searched)
    }

    private func demanded() -> (origin: String, folder: String)? {
        if let explicit { return ("--libtorch", explicit) }
        if let folder = environment["OMNIGEN2_LIBTORCH"], !folder.isEmpty { return ("OMNIGEN2_LIBTORCH", folder) }
        return nil
    }

    private func places() -> [(origin: String, folders: [String])] {
        [
            ("cache folder \(Self.cacheFolder(environment))/libtorch", cachedFolders()),
            ("Python torch", pythonFolders()),
        ]
    }

    #if os(macOS)
        private static let libraryName = "libtorch_cpu.dylib"
    #else
        private static let libraryName = "libtorch_cpu.so"
    #endif

    /// The folder with the libraries, given it, its parent `torch`, a libtorch archive, or the cache's layout.
    static func libraryFolder(_ folder: String) -> String? {
        ["", "/lib", "/torch/lib"].map { folder + $0 }
            .first { FileManager.default.fileExists(atPath: $0 + "/" + libraryName) }
    }

    /// `OMNIGEN2_CACHE`, else `$XDG_CACHE_HOME/omnigen2`, else `~/.cache/omnigen2`.
    package static func cacheFolder(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        if let folder = environment["OMNIGEN2_CACHE"], !folder.isEmpty { return folder }
        if let folder = environment["XDG_CACHE_HOME"], !folder.isEmpty { return folder + "/omnigen2" }
        return (environment["HOME"] ?? "") + "/.cache/omnigen2"
    }

    /// Newest version first.
    private func cachedFolders() -> [String] {
        let root = Self.cacheFolder(environment) + "/libtorch"
        return Self.entries(root).filter { $0.first?.isNumber == true }
            .sorted { Self.numbers($0).lexicographicallyPrecedes(Self.numbers($1)) }.reversed()
            .map { "\(root)/\($0)" }
    }

    private static func numbers(_ version: String) -> [Int] {
        version.split { !$0.isNumber }.compactMap { Int($0) }
    }

    /// `site-packages/torch` of the active environment, of the `python3` on the path, of the user and the system.
    private func pythonFolders() -> [String] {
        var prefixes = ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap { environment[$0] }
        for folder in (environment["PATH"] ?? "").split(separator: ":") {
            if let resolved = realpath("\(folder)/python3", nil) {
                prefixes.append(Self.parent(Self.parent(String(cString: resolved))))
                free(resolved)
            }
        }
        // A pyenv shim is a script, so its interpreters are looked up where pyenv keeps them.
        if let root = environment["PYENV_ROOT"] {
            prefixes += Self.entries(root + "/versions").reversed().map { "\(root)/versions/\($0)" }
        }
        prefixes += [(environment["HOME"] ?? "") + "/.local", "/usr/local", "/usr"]
        var found: [String] = []
        for prefix in prefixes {
            for python in Self.entries(prefix + "/lib") where python.hasPrefix("python3") {
                for site in ["site-packages", "dist-packages"] {
                    let folder = "\(prefix)/lib/\(python)/\(site)/torch"
                    if Self.libraryFolder(folder) != nil, !found.contains(folder) { found.append(folder) }
                }
            }
        }
        return found
    }

    private static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private static func entries(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
