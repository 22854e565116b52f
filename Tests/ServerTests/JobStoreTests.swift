import Foundation
import Imaging
import OmniGen2
import Testing

@testable import Server

@Suite struct JobStoreTests {
    private static func job(_ prompt: String, client: String = "a", attached: Bool = false) -> Job {
        var job = Job(id: Job.newID(), client: client, settings: ["prompt": .string(prompt)], created: 1)
        job.isAttached = attached
        return job
    }

    private static func picture(_ side: Int = 16) throws -> PictureInputs.Picture {
        let image = try Image(width: side, height: side, pixels: (0..<3 * side * side).map { UInt8($0 % 251) })
        return PictureInputs.Picture(bytes: try image.pngData(), format: .png, width: side, height: side)
    }

    private static func finished(_ job: Job, at time: Double = 2) -> Job {
        var job = job
        (job.status, job.started, job.finished) = (.completed, 1.5, time)
        return job
    }

    private func withFolder<R>(_ body: (String) async throws -> R) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.path + "/jobs-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }

    @Test func whatIsFinishedIsThereAfterTheProcess() async throws {
        try await withFolder { folder in
            var job = Self.job("a house")
            var inputs = PictureInputs()
            (inputs.images, inputs.mask) = ([try Self.picture(), try Self.picture(32)], try Self.picture())
            let output = try Self.picture(48)
            do {
                let store = try JobStore(folder: folder)
                try await store.insert(job, inputs)
                try await store.start(job.id, at: 1.5)
                job = Self.finished(job)
                job.warnings = ["narrow"]
                try await store.finish(job, [output])
            }
            let store = try JobStore(folder: folder)
            let found = try #require(try await store.job(job.id))
            #expect(found.status == .completed && found.warnings == ["narrow"] && found.settings == job.settings)
            #expect(found.pictures(.input).map(\.width) == [16, 32])
            #expect(try await store.picture(job.id, .output, 0)?.bytes == output.bytes)
            #expect(try await store.recover(at: 3).isEmpty)
        }
    }

    @Test func whatWasUnderWayWaitsAgainInItsOrder() async throws {
        try await withFolder { folder in
            var jobs = (0..<4).map { Self.job("\($0)") }
            jobs[2].warnings = ["narrow"]
            let attached = Self.job("attached", attached: true)
            do {
                let store = try JobStore(folder: folder)
                for job in jobs + [attached] { try await store.insert(job, PictureInputs()) }
                try await store.start(jobs[0].id, at: 2)
                try await store.finish(Self.finished(jobs[1]))
            }
            let store = try JobStore(folder: folder)
            let taken = try await store.recover(at: 3)
            #expect(taken.map(\.id) == [jobs[0], jobs[2], jobs[3]].map(\.id))
            #expect(taken.map(\.warnings) == [[], ["narrow"], []])
            let gone = try #require(try await store.job(attached.id))
            #expect(gone.status == .failed && gone.error?.code == "interrupted" && gone.finished == 3)
        }
    }

    @Test func serversShareAFolderAndInheritWhatOneLeaves() async throws {
        try await withFolder { folder in
            let second = try JobStore(folder: folder)
            let (job, cancelled) = (Self.job("a"), Self.job("b"))
            do {
                let first = try JobStore(folder: folder)
                for job in [job, cancelled] { try await first.insert(job, PictureInputs()) }
                // While the first lives its jobs are its own, but everybody sees them, and may ask for their end.
                #expect(try await second.recover(at: 2).isEmpty)
                #expect(try await second.job(job.id)?.status == .queued)
                try await second.requestCancellation(cancelled.id)
                #expect(try await first.cancellations() == [cancelled.id])
                #expect(try await second.cancellations().isEmpty)
            }
            #expect(try await second.recover(at: 2).map(\.id) == [job.id])
            #expect(try await second.job(cancelled.id)?.status == .cancelled)
            #expect(try await second.recover(at: 2).isEmpty)
            let third = try JobStore(folder: folder)
            #expect(try await third.recover(at: 3).isEmpty)
        }
    }

    @Test func whatIsBeyondABoundGoesOldestFirst() async throws {
        let store = try JobStore(folder: nil)
        let jobs = (0..<6).map { Self.job("\($0)") }
        let picture = try Self.picture()
        for (index, job) in jobs.enumerated() {
            try await store.insert(job, PictureInputs())
            if index < 5 { try await store.finish(Self.finished(job, at: Double(index)), [picture]) }
        }
        var retention = Retention()
        retention.age = nil
        #expect(try await store.prune(retention, now: 100) == 0)
        retention.count = 4
        #expect(try await store.prune(retention, now: 100) == 1)
        #expect(try await store.job(jobs[0].id) == nil)
        retention.bytes = 2 * picture.bytes.count
        #expect(try await store.prune(retention, now: 100) == 2)
        retention.age = 96.5
        #expect(try await store.prune(retention, now: 100) == 1)
        // What waits stays, however old.
        #expect(try await store.jobs(JobStore.Query()).jobs.map(\.id) == [jobs[5].id, jobs[4].id])
        #expect(try await store.picture(jobs[3].id, .output, 0) == nil)
    }

    @Test func aListIsPagedAndSearched() async throws {
        let store = try JobStore(folder: nil)
        for prompt in ["50% red", "500 red", "a_b", "acb", "BLUE"] {
            try await store.insert(Self.job(prompt, client: prompt == "acb" ? "b" : "a"), PictureInputs())
        }
        func prompts(_ change: (inout JobStore.Query) -> Void) async throws -> [String] {
            var query = JobStore.Query()
            change(&query)
            return try await store.jobs(query).jobs.compactMap { $0.settings["prompt"]?.string }
        }
        #expect(try await prompts { $0.search = "50%" } == ["50% red"])
        #expect(try await prompts { $0.search = "a_b" } == ["a_b"])
        #expect(try await prompts { $0.search = "blue" } == ["BLUE"])
        #expect(try await prompts { $0.client = "b" } == ["acb"])
        #expect(try await prompts { $0.search = "' OR 1=1 --" } == [])
        var query = JobStore.Query()
        query.limit = 2
        let first = try await store.jobs(query)
        #expect(first.hasMore && first.jobs.count == 2)
        query.before = first.jobs.last?.id
        query.limit = 3
        let rest = try await store.jobs(query)
        #expect(!rest.hasMore && rest.jobs.count == 3)
    }
}
