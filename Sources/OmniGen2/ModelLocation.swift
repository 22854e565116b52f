import Hub

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a user names as a model: a folder, or a repository of the Hugging Face hub.
package struct ModelLocation: Sendable {
    package let name: String

    package init(_ name: String) { self.name = name }

    /// The name of no model: files cover every part of one.
    package static let none = ""

    /// The published checkpoint.
    package static let published = "OmniGen2/OmniGen2"

    /// The small model of simple scenes that comes with the program.
    package static let included = "Models/shapes"

    /// What is used where nobody names a model: the one that comes with the program, if it is there.
    package static let standing = IncludedModel.path == nil ? published : included

    /// The folder, with `files` in place of parts of it; downloads what is missing.
    ///
    /// A name is a folder when it exists, or cannot be a repository id: it starts with `.`, `/` or `~`, or has no or
    /// more than one slash.
    package func resolve(
        files: ModelFiles = ModelFiles(),
        progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in },
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> ModelFolder {
        if name == Self.none {
            return try ModelFolder(files: await Self.completed(files, progress: progress, warn: warn))
        }
        // Never a repository: anyone could give one that name.
        if name == Self.included {
            guard let path = IncludedModel.path else {
                throw GenerationError.missing(
                    "\(name) is neither below the working directory nor around the program")
            }
            return try ModelFolder(path: path, files: files)
        }
        if exists || !looksLikeRepository {
            return try ModelFolder(path: name, files: files)
        }
        let path = try await Self.snapshot(of: name, progress: progress, warn: warn) { file in
            Self.isNeeded(file, files)
        }
        return try ModelFolder(path: path, files: files)
    }

    private static func snapshot(
        of repository: String, progress: @escaping @Sendable (DownloadProgress) -> Void,
        warn: @escaping @Sendable (String) -> Void, matching: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        let client = HubClient(configuration: try HubConfiguration(environment: ProcessInfo.processInfo.environment))
        return try await client.snapshot(
            of: try RepositoryID(repository), matching: matching, progress: progress, warn: warn)
    }

    /// The files with the published tokenizer where none is given.
    private static func completed(
        _ files: ModelFiles, progress: @escaping @Sendable (DownloadProgress) -> Void,
        warn: @escaping @Sendable (String) -> Void
    ) async throws -> ModelFiles {
        var files = files
        guard files.coverEveryPart, files.processor == nil else { return files }
        do {
            let path = try await snapshot(of: published, progress: progress, warn: warn) { $0.hasPrefix("processor/") }
            files.processor = path + "/processor"
        } catch let error as HubError {
            throw GenerationError.missing(
                "single files carry no tokenizer: give the folder of one (--processor), or the published model's "
                    + "processor/ in the cache (\(error))")
        }
        return files
    }

    /// Whether it names a folder that is not there, and could be nothing else.
    package var isMissing: Bool { name != Self.none && name != Self.included && !exists && !looksLikeRepository }

    private var exists: Bool { FileManager.default.fileExists(atPath: name) }

    private var looksLikeRepository: Bool {
        guard let first = name.first, !"./~".contains(first) else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).count == 2
    }

    /// Configurations and tensors of the parts this package reads.
    private static func isNeeded(_ file: String, _ files: ModelFiles) -> Bool {
        let replaced = ModelFolder.Part.allCases.filter { files[$0] != nil }
        if file.hasSuffix(".safetensors"), replaced.contains(where: { file.hasPrefix($0.rawValue + "/") }) {
            return false
        }
        let folders = ["mllm/", "processor/", "scheduler/", "transformer/", "vae/"]
        let suffixes = [".json", ".safetensors", ".txt"]
        return file == "model_index.json"
            || (folders.contains(where: file.hasPrefix) && suffixes.contains(where: file.hasSuffix))
    }
}
