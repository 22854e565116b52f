import Hashing
import Synchronization

@testable import Hub

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

/// A repository `owner/name` as the hub's API shows it, with a commit on `main` and its files.
struct ImitationRepository: Sendable {
    struct File: Sendable {
        var contents: [UInt8]
        var isLarge = false

        var etag: String {
            isLarge
                ? Digest(.sha256, of: contents).hexadecimal
                : Digest(.sha1, of: Array("blob \(contents.count)\0".utf8) + contents).hexadecimal
        }
    }

    var commit = String(repeating: "c0ffee", count: 6) + "0123"
    var files: [String: File] = [
        "config.json": File(contents: Array("{\"a\": 1}".utf8)),
        "vae/weights.safetensors": File(contents: patterned(300_000), isLarge: true),
    ]

    var listing: String {
        let siblings = files.sorted { $0.key < $1.key }.map { name, file in
            let blobID = file.isLarge ? String(repeating: "b", count: 40) : file.etag
            let pointer = "{\"sha256\": \"\(file.etag)\", \"size\": \(file.contents.count), \"pointerSize\": 134}"
            let large = file.isLarge ? ", \"lfs\": \(pointer)" : ""
            return "{\"rfilename\": \"\(name)\", \"size\": \(file.contents.count), \"blobId\": \"\(blobID)\"\(large)}"
        }
        return "{\"sha\": \"\(commit)\", \"siblings\": [\(siblings.joined(separator: ", "))]}"
    }

    /// What the hub answers when nothing goes wrong.
    func reply(to request: LocalServer.Request) -> LocalServer.Reply {
        if request.path.hasPrefix("/api/models/owner/name/revision/") {
            guard request.path.hasSuffix("/main?blobs=true") || request.path.contains(commit) else {
                return .init(status: 404, headers: ["X-Error-Code": "RevisionNotFound"])
            }
            return .init(body: Array(listing.utf8))
        }
        let prefix = "/owner/name/resolve/\(commit)/"
        guard request.path.hasPrefix(prefix) else {
            return .init(status: 404, headers: ["X-Error-Code": "RepoNotFound"])
        }
        guard let file = files[String(request.path.dropFirst(prefix.count))] else {
            return .init(status: 404, headers: ["X-Error-Code": "EntryNotFound"])
        }
        return Self.send(file.contents, to: request)
    }

    /// `contents`, or the range asked for.
    static func send(_ contents: [UInt8], to request: LocalServer.Request) -> LocalServer.Reply {
        guard let range = request.headers["range"], let first = Int(range.dropFirst("bytes=".count).dropLast()) else {
            return .init(body: contents)
        }
        guard first < contents.count else { return .init(status: 416) }
        let header = "bytes \(first)-\(contents.count - 1)/\(contents.count)"
        return .init(status: 206, headers: ["Content-Range": header], body: Array(contents[first...]))
    }
}

/// A server with one repository and an empty cache beside it.
final class ImitationHub: Sendable {
    let repository: ImitationRepository
    let server: LocalServer
    let cache: String

    /// `exception` may answer a request otherwise; it is told how many came for the same path before.
    init(
        _ repository: ImitationRepository = ImitationRepository(),
        exception: @escaping @Sendable (LocalServer.Request, Int) -> LocalServer.Reply? = { _, _ in nil }
    ) throws {
        self.repository = repository
        cache = FileManager.default.temporaryDirectory.path + "/hub-\(UInt64.random(in: 0 ... .max))"
        let counts = Mutex<[String: Int]>([:])
        server = try LocalServer { request in
            let before = counts.withLock { counts in
                counts[request.path, default: 0] += 1
                return counts[request.path, default: 1] - 1
            }
            return exception(request, before) ?? repository.reply(to: request)
        }
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(atPath: cache)
    }

    var folder: String { cache + "/models--owner--name" }
    var snapshot: String { "\(folder)/snapshots/\(repository.commit)" }
    var weights: ImitationRepository.File? { repository.files["vae/weights.safetensors"] }
    var weightsBlob: String { "\(folder)/blobs/\(weights?.etag ?? "")" }
    var weightRequests: [LocalServer.Request] { server.requests.filter { $0.path.hasSuffix("weights.safetensors") } }

    func client(_ environment: [String: String] = [:], disk: Disk = .real) throws -> HubClient {
        let own = ["HF_ENDPOINT": server.url, "HF_HUB_CACHE": cache, "HOME": cache]
        var configuration = try HubConfiguration(environment: own.merging(environment) { $1 })
        configuration.firstRetryDelay = 0.01
        return HubClient(configuration: configuration, disk: disk)
    }

    func download(_ environment: [String: String] = [:]) async throws -> String {
        try await client(environment).snapshot(of: RepositoryID("owner/name"))
    }

    /// The error of a download that must fail, as text.
    func failure(_ environment: [String: String] = [:], repository: String = "owner/name") async -> String {
        do {
            return "no failure: " + (try await client(environment).snapshot(of: RepositoryID(repository)))
        } catch {
            return "\(error)"
        }
    }
}

func patterned(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8)) }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func contents(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path).map { Array($0) }
}

func write(_ bytes: [UInt8], to path: String) throws {
    try Disk.createFolder(Disk.folder(of: path))
    try Data(bytes).write(to: URL(filePath: path))
}
