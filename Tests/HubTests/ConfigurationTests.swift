import Synchronization
import Testing

@testable import Hub

@Suite struct ConfigurationTests {
    @Test func theCacheFolderFollowsTheVariablesInTheirOrder() throws {
        var environment = ["HOME": "/home/a"]
        func folder() throws -> String { try HubConfiguration(environment: environment).cacheFolder }
        #expect(try folder() == "/home/a/.cache/huggingface/hub")
        environment["XDG_CACHE_HOME"] = "/xdg"
        #expect(try folder() == "/xdg/huggingface/hub")
        environment["HF_HOME"] = "~/hf"
        #expect(try folder() == "/home/a/hf/hub")
        environment["HUGGINGFACE_HUB_CACHE"] = "/old"
        #expect(try folder() == "/old")
        environment["HF_HUB_CACHE"] = "/new"
        #expect(try folder() == "/new")
    }

    @Test func theTokenComesFromTheVariableOrTheFile() throws {
        let hub = try ImitationHub()
        let environment = ["HF_HOME": hub.cache]
        #expect(try HubConfiguration(environment: environment).token == nil)
        try write(Array(" hf_file\n".utf8), to: hub.cache + "/token")
        #expect(try HubConfiguration(environment: environment).token == "hf_file")
        let variable = environment.merging(["HF_TOKEN": " hf_variable\r\n"]) { $1 }
        #expect(try HubConfiguration(environment: variable).token == "hf_variable")
        try write(Array("hf_other".utf8), to: hub.cache + "/elsewhere")
        let elsewhere = environment.merging(["HF_TOKEN_PATH": hub.cache + "/elsewhere"]) { $1 }
        #expect(try HubConfiguration(environment: elsewhere).token == "hf_other")
    }

    @Test(arguments: [("1", true), ("on", true), ("Yes", true), ("TRUE", true), ("0", false), ("", false)])
    func offlineIsReadLikeTheOriginalReadsIt(value: String, isOffline: Bool) throws {
        let environment = ["HOME": "/", "HF_HUB_OFFLINE": value]
        #expect(try HubConfiguration(environment: environment).isOffline == isOffline)
    }

    @Test func theEndpointMustBeAWebAddress() throws {
        #expect(try HubConfiguration(environment: ["HOME": "/"]).endpoint == "https://huggingface.co")
        let mirror = ["HOME": "/", "HF_ENDPOINT": "https://mirror.example/hf//"]
        #expect(try HubConfiguration(environment: mirror).endpoint == "https://mirror.example/hf")
        #expect(throws: HubError.self) {
            try HubConfiguration(environment: ["HOME": "/", "HF_ENDPOINT": "file:///etc"])
        }
    }

    @Test func progressNeverRunsBackwardsAndEndsComplete() async throws {
        let hub = try ImitationHub()
        let reports = Mutex<[DownloadProgress]>([])
        _ = try await hub.client().snapshot(
            of: RepositoryID("owner/name"), progress: { report in reports.withLock { $0.append(report) } })
        let seen = reports.withLock { $0 }
        #expect(seen.map(\.completedBytes) == seen.map(\.completedBytes).sorted())
        let last = try #require(seen.last)
        #expect(last.completedBytes == 300_008 && last.totalBytes == 300_008)
        #expect(last.filesDone == 2 && last.filesTotal == 2)
    }

    @Test func theReportsOfManyPiecesAreThrottled() {
        let count = Mutex(0)
        let meter = ProgressMeter(totalBytes: 1000, filesTotal: 1) { _ in count.withLock { $0 += 1 } }
        for _ in 0..<1000 { meter.add(bytes: 1, file: "a") }
        meter.finish(files: 1, file: "a")
        #expect(count.withLock { $0 } < 10)
        #expect(meter.remainingBytes == 0)
    }
}
