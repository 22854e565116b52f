import Testing

@testable import Hub

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct DownloadTests {
    @Test func aDownloadHasTheLayoutOfTheOrdinaryCache() async throws {
        let hub = try ImitationHub()
        let folder = try await hub.download()
        #expect(folder == hub.snapshot)
        for (name, file) in hub.repository.files {
            #expect(contents("\(folder)/\(name)") == file.contents)
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
            #expect(target == (name.contains("/") ? "../../../blobs/" : "../../blobs/") + file.etag)
        }
        #expect(contents("\(hub.folder)/refs/main") == Array(hub.repository.commit.utf8))
        let blobs = try FileManager.default.contentsOfDirectory(atPath: hub.folder + "/blobs")
        #expect(Set(blobs) == Set(hub.repository.files.values.map(\.etag)))
        let snapshot = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(Set(snapshot) == ["config.json", "vae"])
    }

    @Test func theTokenGoesToTheHubAndNotToTheHostItRedirectsTo() async throws {
        let file = ImitationRepository().files["vae/weights.safetensors"]?.contents ?? []
        let elsewhere = try LocalServer { ImitationRepository.send(file, to: $0) }
        defer { elsewhere.stop() }
        let location = elsewhere.url + "/signed?a=b"
        let hub = try ImitationHub { request, _ in
            guard request.path.hasSuffix("weights.safetensors") else { return nil }
            return .init(status: 302, headers: ["Location": location], body: Array("Found".utf8))
        }
        let folder = try await hub.download(["HF_TOKEN": "hf_secret\n"])
        #expect(contents("\(folder)/vae/weights.safetensors") == file)
        #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
        #expect(elsewhere.requests.map(\.path) == ["/signed?a=b"])
        #expect(elsewhere.requests.allSatisfy { $0.headers["authorization"] == nil })
    }

    @Test func aRenamedRepositoryIsFollowedWithTheToken() async throws {
        let hub = try ImitationHub { request, _ in
            guard request.path.contains("old") else { return nil }
            let path = request.path.replacing("owner/old", with: "owner/name")
            return .init(status: 307, headers: ["Location": path])
        }
        let folder = try await hub.client(["HF_TOKEN": "t"]).snapshot(of: RepositoryID("owner/old"))
        #expect(folder.contains("models--owner--old"))
        #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer t" })
    }

    @Test func aConnectionCutInTheMiddleIsResumedWhereItBroke() async throws {
        let hub = try ImitationHub { request, before in
            guard request.path.hasSuffix("weights.safetensors"), before < 2 else { return nil }
            var reply = ImitationRepository().reply(to: request)
            reply.cutAfter = 100_000
            return reply
        }
        let folder = try await hub.download()
        #expect(contents("\(folder)/vae/weights.safetensors") == hub.weights?.contents)
        #expect(hub.weightRequests.map { $0.headers["range"] } == [nil, "bytes=100000-", "bytes=200000-"])
    }

    @Test func aLaterRunGoesOnWithThePartialFileOfAnEarlierOne() async throws {
        let hub = try ImitationHub()
        try write(Array(patterned(300_000)[..<123_456]), to: hub.weightsBlob + ".incomplete")
        let folder = try await hub.download()
        #expect(contents("\(folder)/vae/weights.safetensors") == hub.weights?.contents)
        #expect(hub.weightRequests.map { $0.headers["range"] } == ["bytes=123456-"])
    }

    @Test func aServerThatIgnoresRangesSendsTheFileAgain() async throws {
        let hub = try ImitationHub { request, _ in
            request.path.hasSuffix("weights.safetensors") ? .init(body: patterned(300_000)) : nil
        }
        try write(Array(patterned(300_000)[..<123_456]), to: hub.weightsBlob + ".incomplete")
        let folder = try await hub.download()
        #expect(contents("\(folder)/vae/weights.safetensors") == hub.weights?.contents)
        #expect(hub.weightRequests.count == 1)
    }

    @Test func aPartialFileOfOtherBytesIsReplacedByACleanDownload() async throws {
        let hub = try ImitationHub()
        try write([UInt8](repeating: 7, count: 1000), to: hub.weightsBlob + ".incomplete")
        let folder = try await hub.download()
        #expect(contents("\(folder)/vae/weights.safetensors") == hub.weights?.contents)
        #expect(hub.weightRequests.map { $0.headers["range"] } == ["bytes=1000-", nil])
    }

    @Test(arguments: ["config.json", "vae/weights.safetensors"])
    func aWrongChecksumFailsAfterOneCleanRetryAndLeavesNothing(name: String) async throws {
        let hub = try ImitationHub { request, _ in
            guard request.path.hasSuffix(name) else { return nil }
            let size = ImitationRepository().files[name]?.contents.count ?? 0
            return .init(body: [UInt8](repeating: 1, count: size))
        }
        let failure = await hub.failure()
        let etag = try #require(hub.repository.files[name]?.etag)
        #expect(failure.contains("\(name): expected checksum \(etag), got "))
        #expect(hub.server.requests.filter { $0.path.hasSuffix(name) }.count == 2)
        let blobs = try FileManager.default.contentsOfDirectory(atPath: hub.folder + "/blobs")
        #expect(!blobs.contains { $0.hasPrefix(etag) })
        #expect(contents("\(hub.snapshot)/\(name)") == nil)
    }

    @Test(arguments: [299_999, 300_001])
    func aFileOfAnotherSizeIsAnError(size: Int) async throws {
        let hub = try ImitationHub { request, _ in
            request.path.hasSuffix("weights.safetensors") ? .init(body: patterned(size)) : nil
        }
        let failure = await hub.failure()
        #expect(failure.contains("vae/weights.safetensors: expected 300000 bytes, got \(size)"))
    }

    @Test func aServerInTroubleIsAskedAgain() async throws {
        let hub = try ImitationHub { _, before in
            switch before {
            case 0: .init(status: 500)
            case 1: .init(status: 429, headers: ["Retry-After": "0"])
            default: nil
            }
        }
        _ = try await hub.download()
        #expect(hub.server.requests.count == 9)
    }

    @Test func triesAreBounded() async throws {
        let hub = try ImitationHub { _, _ in .init(status: 503) }
        #expect(await hub.failure().contains("HTTP status 503"))
        #expect(hub.server.requests.count == 5)
    }

    @Test func onlyMatchingFilesAreDownloadedAndEqualOnesOnce() async throws {
        var repository = ImitationRepository()
        repository.files["copy.safetensors"] = repository.files["vae/weights.safetensors"]
        let hub = try ImitationHub(repository)
        let folder = try await hub.client().snapshot(of: RepositoryID("owner/name")) { $0.hasSuffix(".safetensors") }
        #expect(contents("\(folder)/copy.safetensors") == hub.weights?.contents)
        #expect(contents("\(folder)/vae/weights.safetensors") == hub.weights?.contents)
        #expect(contents("\(folder)/config.json") == nil)
        #expect(hub.server.requests.count == 2)
    }

    @Test func twoSnapshotsAtOnceDownloadEachFileOnce() async throws {
        let hub = try ImitationHub { request, _ in
            guard request.path.hasSuffix("weights.safetensors") else { return nil }
            var reply = ImitationRepository().reply(to: request)
            reply.pause = 0.001
            return reply
        }
        async let first = hub.download()
        async let second = hub.download()
        #expect(try await first == second)
        #expect(hub.weightRequests.count == 1)
        #expect(contents("\(hub.snapshot)/vae/weights.safetensors") == hub.weights?.contents)
    }

    @Test func aCancelledDownloadStopsAndKeepsWhatItHas() async throws {
        let hub = try ImitationHub { request, before in
            guard request.path.hasSuffix("weights.safetensors"), before == 0 else { return nil }
            var reply = ImitationRepository().reply(to: request)
            // Long enough that the end is far off on a busy machine, too.
            reply.pause = 0.2
            return reply
        }
        let task = Task { try await hub.download() }
        while (Disk.fileSize(hub.weightsBlob + ".incomplete") ?? 0) == 0 { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let kept = try #require(Disk.fileSize(hub.weightsBlob + ".incomplete"))
        #expect(kept < hub.weights?.contents.count ?? 0)
        let folder = try await hub.download()
        #expect(contents("\(folder)/vae/weights.safetensors") == hub.weights?.contents)
        #expect(hub.weightRequests.last?.headers["range"] == "bytes=\(kept)-")
    }
}
