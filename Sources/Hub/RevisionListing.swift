#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A file of a repository as the hub lists it; its name is validated.
struct RepositoryFile: Sendable, Equatable {
    let name: String
    let size: Int
    let checksum: Checksum.Expected
    /// Object id in git: of the file itself, or of the pointer that stands for one in large file storage.
    let blobID: String?

    /// Name of the blob in the cache; the hub sends it as the file's ETag.
    var etag: String { checksum.hexadecimal }

    /// Throws `HubError.invalidFileName` or `.malformedResponse`.
    init(name: String, size: Int?, blobID: String?, sha256: String?, source: String) throws {
        if let reason = PathSafety.objection(to: name) {
            throw HubError.invalidFileName(name, repository: source, reason: reason)
        }
        guard let size, size >= 0 else {
            throw HubError.malformedResponse(url: source, reason: "'\(name)' has no size")
        }
        if let sha256, PathSafety.isHexadecimal(sha256, digits: 64) {
            checksum = .sha256(sha256)
        } else if sha256 == nil, let blobID, PathSafety.isHexadecimal(blobID, digits: 40) {
            checksum = .gitBlob(blobID)
        } else {
            throw HubError.malformedResponse(url: source, reason: "'\(name)' has no valid SHA-256 and no valid blob id")
        }
        self.name = name
        self.size = size
        self.blobID = blobID
    }
}

/// What a revision is: its commit and all its files. From `GET /api/models/NAME/revision/REVISION?blobs=true`.
struct RevisionListing: Sendable, Equatable {
    let commit: String
    let files: [RepositoryFile]

    private struct Answer: Decodable {
        struct Sibling: Decodable {
            struct LargeFile: Decodable {
                let sha256: String
                let size: Int?
            }
            let rfilename: String
            let size: Int?
            let blobId: String?
            let lfs: LargeFile?
        }
        let sha: String
        let siblings: [Sibling]
    }

    /// Throws `HubError.malformedResponse` or `.invalidFileName`.
    init(json: Data, url: String) throws {
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: json)
        } catch {
            throw HubError.malformedResponse(url: url, reason: "not the JSON of a revision: \(error)")
        }
        guard PathSafety.isHexadecimal(answer.sha, digits: 40) else {
            throw HubError.malformedResponse(url: url, reason: "'\(answer.sha)' is not a commit")
        }
        commit = answer.sha
        files = try answer.siblings.map {
            try RepositoryFile(
                name: $0.rfilename, size: $0.lfs?.size ?? $0.size, blobID: $0.blobId, sha256: $0.lfs?.sha256,
                source: url)
        }
    }
}

/// `trees/COMMIT.json` of a cached repository: the listing, kept for when there is no network (`_tree_cache.py` of
/// `huggingface_hub`).
struct TreeFile: Codable {
    struct Entry: Codable {
        let size: Int
        let blobID: String
        let sha256: String?
        let largeFileSize: Int?

        enum CodingKeys: String, CodingKey {
            case size
            case blobID = "blob_id"
            case sha256 = "lfs_sha256"
            case largeFileSize = "lfs_size"
        }
    }

    let version: Int
    let files: [String: Entry]

    enum CodingKeys: String, CodingKey {
        case version = "format_version"
        case files
    }

    /// Nil when a file has no git object id, without which `huggingface_hub` does not read the file.
    init?(_ listing: RevisionListing) {
        version = 1
        var entries: [String: Entry] = [:]
        for file in listing.files {
            guard let blobID = file.blobID else { return nil }
            var sha256: String?
            if case .sha256(let text) = file.checksum { sha256 = text }
            entries[file.name] = Entry(
                size: file.size, blobID: blobID, sha256: sha256, largeFileSize: sha256 == nil ? nil : file.size)
        }
        files = entries
    }

    /// The files of the listing, by name. Throws when one is not valid.
    func repositoryFiles(path: String) throws -> [RepositoryFile] {
        try files.sorted { $0.key < $1.key }.map {
            try RepositoryFile(
                name: $0.key, size: $0.value.largeFileSize ?? $0.value.size, blobID: $0.value.blobID,
                sha256: $0.value.sha256, source: path)
        }
    }
}
