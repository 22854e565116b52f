import Synchronization
import Testing

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

@Suite struct FailureTests {
    @Test func accessDeniedWithoutATokenAsksForOne() async throws {
        let hub = try ImitationHub { _, _ in
            .init(status: 401, body: Array("{\"error\": \"Invalid username or password.\"}".utf8))
        }
        let failure = await hub.failure()
        #expect(failure.contains("owner/name: HTTP status 401 (Invalid username or password.)"))
        #expect(failure.contains("set HF_TOKEN"))
        #expect(hub.server.requests.count == 1)
    }

    @Test func aGatedFileWithATokenAsksToRequestAccess() async throws {
        let hub = try ImitationHub { request, _ in
            request.path.hasPrefix("/api/") ? nil : .init(status: 403, headers: ["X-Error-Code": "GatedRepo"])
        }
        let failure = await hub.failure(["HF_TOKEN": "t"])
        #expect(failure.contains("HTTP status 403") && failure.contains("check HF_TOKEN") && failure.contains("gated"))
    }

    @Test func aMissingRepositoryRevisionAndFileAreToldApart() async throws {
        let hub = try ImitationHub { request, _ in
            request.path.hasSuffix("config.json") ? .init(status: 404, headers: ["X-Error-Code": "EntryNotFound"]) : nil
        }
        #expect(await hub.failure(repository: "owner/other").contains("no model repository 'owner/other'"))
        #expect(await hub.failure(repository: "owner/name@v2").contains("owner/name has no revision 'v2'"))
        #expect(await hub.failure().contains("owner/name has no file 'config.json'"))
    }

    @Test(arguments: [
        "../../evil", "/etc/evil", "a/../../evil", "a\\\\..\\\\evil", "a//b", "./a", "", "a\\u0000b", "..",
    ])
    func aFileNameThatLeavesTheCacheIsRefused(name: String) async throws {
        var repository = ImitationRepository()
        repository.files[name] = .init(contents: [1])
        let hub = try ImitationHub(repository)
        #expect(await hub.failure().contains("which is refused"))
        #expect(!FileManager.default.fileExists(atPath: hub.cache))
    }

    @Test func anAnswerThatIsNoListingIsAnError() async throws {
        let page = try ImitationHub { _, _ in .init(body: Array("<html>".utf8)) }
        #expect(await page.failure().contains("not the JSON of a revision"))
        var repository = ImitationRepository()
        repository.commit = "../../../../tmp"
        #expect(await (try ImitationHub(repository)).failure().contains("is not a commit"))
    }

    @Test(arguments: [
        "", "a/b/c", "../x", "owner/..", "owner/na me", "owner/name@", "owner/name@../x", "o--x/n", "-a/b",
    ])
    func anInvalidRepositoryIsRefused(text: String) {
        #expect(throws: HubError.self) { try RepositoryID(text) }
    }

    @Test func aRepositoryMayNameARevisionWithSlashes() async throws {
        let repository = try RepositoryID("owner/name@refs/pr/1")
        #expect(repository.name == "owner/name" && repository.revision == "refs/pr/1")
        let hub = try ImitationHub()
        _ = await hub.failure(repository: "owner/name@refs/pr/1")
        #expect(hub.server.requests.map(\.path) == ["/api/models/owner/name/revision/refs%2Fpr%2F1?blobs=true"])
    }

    @Test func tooLittleSpaceIsToldBeforeAnythingIsDownloaded() async throws {
        let hub = try ImitationHub()
        let disk = Disk(freeBytes: { _ in 200_000 }, write: Disk.real.write)
        let client = try hub.client(disk: disk)
        let error = await #expect(throws: HubError.self) { try await client.snapshot(of: RepositoryID("owner/name")) }
        #expect(error == .diskFull(folder: hub.folder + "/blobs", needed: 300_008, free: 200_000))
        #expect(hub.server.requests.count == 1)
        // The part that is there already needs no room.
        try write(Array(patterned(300_000)[..<150_000]), to: hub.weightsBlob + ".incomplete")
        _ = try await client.snapshot(of: RepositoryID("owner/name"))
    }

    @Test func aDiskThatFillsUpKeepsThePartialFileForTheNextRun() async throws {
        let hub = try ImitationHub()
        let room = Mutex(100_000)
        let disk = Disk(freeBytes: { _ in nil }) { descriptor, bytes in
            let count = room.withLock { room in
                let count = min(room, bytes.count)
                room -= count
                return count
            }
            errno = ENOSPC
            return count == 0 ? -1 : Disk.real.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        }
        let isWeights: @Sendable (String) -> Bool = { $0.hasPrefix("vae/") }
        let full = try hub.client(disk: disk)
        let error = await #expect(throws: HubError.self) {
            try await full.snapshot(of: RepositoryID("owner/name"), matching: isWeights)
        }
        #expect(error == .diskFull(folder: hub.folder + "/blobs", needed: 200_000, free: nil))
        #expect(error.map { "\($0)" }?.contains("200000 bytes more are needed") == true)
        #expect(Disk.fileSize(hub.weightsBlob + ".incomplete") == 100_000)
        _ = try await hub.download()
        #expect(hub.weightRequests.last?.headers["range"] == "bytes=100000-")
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func theErrorOfAFullDeviceIsRecognised() async throws {
        let hub = try ImitationHub()
        try Disk.createFolder(hub.folder + "/blobs")
        try FileManager.default.createSymbolicLink(
            atPath: hub.weightsBlob + ".incomplete", withDestinationPath: "/dev/full")
        #expect(await hub.failure().contains("no space left in \(hub.folder)/blobs"))
    }

    @Test func aFolderThatCannotBeMadeIsNamed() async throws {
        let hub = try ImitationHub()
        try write([1], to: hub.cache + "/file")
        let failure = await hub.failure(["HF_HUB_CACHE": hub.cache + "/file"])
        #expect(failure.hasPrefix("cannot create the folder \(hub.cache)/file/models--owner--name/blobs: "))
    }
}
