import Testing

@testable import Hub

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct CacheTests {
    /// What `huggingface_hub` leaves behind, without the listing that only its newest versions write.
    private func makeCacheByHand(_ hub: ImitationHub) throws {
        try write(Array(hub.repository.commit.utf8), to: hub.folder + "/refs/main")
        for (name, file) in hub.repository.files {
            try write(file.contents, to: "\(hub.folder)/blobs/\(file.etag)")
            let up = name.contains("/") ? "../../.." : "../.."
            try Disk.createFolder(Disk.folder(of: "\(hub.snapshot)/\(name)"))
            try FileManager.default.createSymbolicLink(
                atPath: "\(hub.snapshot)/\(name)", withDestinationPath: "\(up)/blobs/\(file.etag)")
        }
    }

    @Test func anExistingCacheIsUsedAsItIs() async throws {
        let hub = try ImitationHub()
        try makeCacheByHand(hub)
        #expect(try await hub.download() == hub.snapshot)
        #expect(hub.server.requests.map(\.path) == ["/api/models/owner/name/revision/main?blobs=true"])
    }

    @Test func offlineAnExistingCacheIsUsedWithoutARequest() async throws {
        let hub = try ImitationHub()
        try makeCacheByHand(hub)
        #expect(try await hub.download(["HF_HUB_OFFLINE": "yes"]) == hub.snapshot)
        #expect(hub.server.requests.isEmpty)
    }

    @Test func offlineWithoutACacheSaysWhatForbidsTheDownload() async throws {
        let hub = try ImitationHub()
        let failure = await hub.failure(["HF_HUB_OFFLINE": "1"])
        #expect(failure.contains("owner/name") && failure.contains("HF_HUB_OFFLINE") && failure.contains(hub.cache))
        #expect(hub.server.requests.isEmpty)
    }

    @Test func offlineAnIncompleteSnapshotIsRefusedByTheNameOfWhatIsMissing() async throws {
        let hub = try ImitationHub()
        let isConfiguration: @Sendable (String) -> Bool = { $0 == "config.json" }
        _ = try await hub.client().snapshot(of: RepositoryID("owner/name"), matching: isConfiguration)
        #expect(await hub.failure(["HF_HUB_OFFLINE": "1"]).contains("no 'vae/weights.safetensors'"))
        let offline = try hub.client(["HF_HUB_OFFLINE": "1"])
        #expect(try await offline.snapshot(of: RepositoryID("owner/name"), matching: isConfiguration) == hub.snapshot)
    }

    @Test func offlineABrokenLinkIsRefused() async throws {
        let hub = try ImitationHub()
        try makeCacheByHand(hub)
        try FileManager.default.removeItem(atPath: hub.weightsBlob)
        #expect(await hub.failure(["HF_HUB_OFFLINE": "1"]).contains("'vae/weights.safetensors' is a broken link"))
    }

    @Test func withoutANetworkTheCachedSnapshotIsUsedWithAWarning() async throws {
        let hub = try ImitationHub()
        let folder = try await hub.download()
        let client = try hub.client(["HF_ENDPOINT": "http://127.0.0.1:1"])
        try await confirmation { warned in
            let warn: @Sendable (String) -> Void = { text in
                #expect(text.contains("owner/name") && text.contains("127.0.0.1:1"))
                warned()
            }
            let again = try await client.snapshot(of: RepositoryID("owner/name"), warn: warn)
            #expect(again == folder)
        }
    }

    @Test func withoutANetworkAndACacheTheErrorNamesTheAddress() async throws {
        let hub = try ImitationHub()
        #expect(await hub.failure(["HF_ENDPOINT": "http://127.0.0.1:1"]).hasPrefix("http://127.0.0.1:1/api/models/"))
    }

    @Test func aNewCommitDownloadsOnlyWhatChanged() async throws {
        let hub = try ImitationHub()
        try makeCacheByHand(hub)
        var newer = hub.repository
        newer.commit = String(repeating: "d", count: 40)
        newer.files["config.json"] = .init(contents: Array("{}".utf8))
        let next = try ImitationHub(newer)
        let folder = try await next.client(["HF_HUB_CACHE": hub.cache]).snapshot(of: RepositoryID("owner/name"))
        #expect(folder == "\(hub.folder)/snapshots/\(newer.commit)")
        #expect(contents("\(folder)/config.json") == Array("{}".utf8))
        #expect(contents("\(folder)/vae/weights.safetensors") == hub.weights?.contents)
        #expect(next.weightRequests.isEmpty)
        #expect(contents("\(hub.folder)/refs/main") == Array(newer.commit.utf8))
    }

    @Test func aTruncatedFileOfTheCacheIsDownloadedAgain() async throws {
        let hub = try ImitationHub()
        try makeCacheByHand(hub)
        try write(patterned(10), to: hub.weightsBlob)
        let folder = try await hub.download()
        #expect(contents("\(folder)/vae/weights.safetensors") == hub.weights?.contents)
    }

    @Test func aCommitNeedsNoReference() async throws {
        let hub = try ImitationHub()
        let repository = try RepositoryID("owner/name@\(hub.repository.commit)")
        #expect(try await hub.client().snapshot(of: repository) == hub.snapshot)
        #expect(!FileManager.default.fileExists(atPath: hub.folder + "/refs"))
        #expect(try await hub.client(["HF_HUB_OFFLINE": "1"]).snapshot(of: repository) == hub.snapshot)
    }
}
