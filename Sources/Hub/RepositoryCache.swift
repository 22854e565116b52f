#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One repository in the cache, laid out as `huggingface_hub` does:
///
///     models--owner--name/
///         blobs/ETAG                  contents, named by their hash
///         refs/REVISION               the commit a branch or tag stood at
///         snapshots/COMMIT/PATH       relative links to the blobs
///         trees/COMMIT.json           the full listing of a commit
///     .locks/models--owner--name/ETAG.lock
struct RepositoryCache: Sendable {
    let repository: RepositoryID
    let cacheFolder: String

    var folder: String { "\(cacheFolder)/\(repository.folderName)" }
    var blobsFolder: String { folder + "/blobs" }

    func blobPath(_ file: RepositoryFile) -> String { "\(blobsFolder)/\(file.etag)" }

    func partialPath(_ file: RepositoryFile) -> String { blobPath(file) + ".incomplete" }

    func lockPath(_ file: RepositoryFile) -> String {
        "\(cacheFolder)/.locks/\(repository.folderName)/\(file.etag).lock"
    }

    func snapshotFolder(_ commit: String) -> String { "\(folder)/snapshots/\(commit)" }

    /// Whether the snapshot shows the file with the right size. Its hash was checked when it was downloaded.
    func has(_ file: RepositoryFile, commit: String) -> Bool {
        Disk.fileSize("\(snapshotFolder(commit))/\(file.name)") == file.size
    }

    func hasBlob(_ file: RepositoryFile) -> Bool { Disk.fileSize(blobPath(file)) == file.size }

    /// Makes the file of the snapshot a link to its blob.
    func link(_ file: RepositoryFile, commit: String) throws {
        let depth = file.name.split(separator: "/").count + 1
        let target = String(repeating: "../", count: depth) + "blobs/\(file.etag)"
        try Disk.replaceLink("\(snapshotFolder(commit))/\(file.name)", target: target)
    }

    /// Remembers what the revision stands for. Writes nothing that is there already: the cache may be read-only.
    func record(_ listing: RevisionListing) throws {
        let treePath = "\(folder)/trees/\(listing.commit).json"
        if Disk.fileSize(treePath) == nil, let tree = TreeFile(listing) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            // Without the listing an offline run only knows less about what is missing.
            try? Disk.replace(treePath, with: String(decoding: encoder.encode(tree), as: UTF8.self))
        }
        let isCommit = repository.revision == listing.commit
        if !isCommit, recordedCommit() != listing.commit {
            try Disk.replace("\(folder)/refs/\(repository.revision)", with: listing.commit)
        }
    }

    /// Folder of the revision's snapshot as the cache alone knows it, with all `matching` files in it. Throws
    /// `HubError.notCached`.
    func existingSnapshot(matching: (String) -> Bool) throws -> String {
        func missing(_ reason: String) -> HubError {
            .notCached(repository: "\(repository)", cache: cacheFolder, reason: reason)
        }
        guard let commit = recordedCommit() else {
            throw missing("there is no commit for revision '\(repository.revision)'")
        }
        let folder = snapshotFolder(commit)
        let names: [String]
        if let files = recordedFiles(commit) {
            let wanted = files.filter { matching($0.name) }
            if let file = wanted.first(where: { !has($0, commit: commit) }) { throw missing("no '\(file.name)'") }
            names = wanted.map(\.name)
        } else {
            names = Self.filesBelow(folder).filter(matching)
            let broken = names.first { Disk.fileSize("\(folder)/\($0)") == nil }
            if let broken { throw missing("'\(broken)' is a broken link") }
        }
        if names.isEmpty { throw missing("snapshot \(commit) has none of the wanted files") }
        return folder
    }

    private func recordedCommit() -> String? {
        if PathSafety.isHexadecimal(repository.revision, digits: 40) { return repository.revision }
        guard let contents = FileManager.default.contents(atPath: "\(folder)/refs/\(repository.revision)") else {
            return nil
        }
        let commit = String(decoding: contents, as: UTF8.self).filter { !$0.isWhitespace }
        return PathSafety.isHexadecimal(commit, digits: 40) ? commit : nil
    }

    private func recordedFiles(_ commit: String) -> [RepositoryFile]? {
        let path = "\(folder)/trees/\(commit).json"
        guard let contents = FileManager.default.contents(atPath: path),
            let tree = try? JSONDecoder().decode(TreeFile.self, from: contents), tree.version == 1
        else { return nil }
        return try? tree.repositoryFiles(path: path)
    }

    /// Relative paths of all files and links, folders left out.
    private static func filesBelow(_ folder: String) -> [String] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        return names.filter {
            var isFolder = false
            return !(FileManager.default.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isFolder) && isFolder)
        }
    }
}
