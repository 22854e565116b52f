import Hub

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a user names as a model: a folder, or a repository of the Hugging Face hub.
package struct ModelLocation: Sendable {
    private let name: String

    package init(_ name: String) { self.name = name }

    /// The folder; downloads what is missing.
    ///
    /// A name is a folder when it exists, or cannot be a repository id: it starts with `.`, `/` or `~`, or has no or
    /// more than one slash.
    package func resolve(
        progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in },
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> ModelFolder {
        if FileManager.default.fileExists(atPath: name) || !looksLikeRepository { return try ModelFolder(path: name) }
        let client = HubClient(configuration: try HubConfiguration(environment: ProcessInfo.processInfo.environment))
        let path = try await client.snapshot(
            of: try RepositoryID(name), matching: Self.isNeeded, progress: progress, warn: warn)
        return try ModelFolder(path: path)
    }

    private var looksLikeRepository: Bool {
        guard let first = name.first, !"./~".contains(first) else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).count == 2
    }

    /// Configurations and tensors of the parts this package reads.
    private static func isNeeded(_ file: String) -> Bool {
        let folders = ["mllm/", "processor/", "scheduler/", "transformer/", "vae/"]
        let suffixes = [".json", ".safetensors", ".txt"]
        return file == "model_index.json"
            || (folders.contains(where: file.hasPrefix) && suffixes.contains(where: file.hasSuffix))
    }
}
