#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where the model lies that comes with the program.
enum IncludedModel {
    /// Its folder: below the working directory, or below one of the folders the program lies in. Nil where there is none.
    static let path: String? = {
        let folders = [FileManager.default.currentDirectoryPath] + foldersOfProgram
        return folders.map { "\($0)/\(ModelLocation.included)" }.first {
            FileManager.default.fileExists(atPath: $0 + "/model_index.json")
        }
    }()

    /// Five at most, from the inside: `.build/PLATFORM/release` lies three below the package.
    private static var foldersOfProgram: [String] {
        let linked = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var parts = (linked ?? CommandLine.arguments[0]).split(separator: "/").dropLast()
        var folders: [String] = []
        while !parts.isEmpty, folders.count < 5 {
            folders.append("/" + parts.joined(separator: "/"))
            parts.removeLast()
        }
        return folders
    }
}
