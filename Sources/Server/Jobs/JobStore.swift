import Foundation
import GRDB
import Imaging
import OmniGen2

/// Jobs and their pictures in SQLite: what was accepted is there after a crash, and what is finished stays until the retention
/// takes it. Servers of one machine may share a folder: each draws what it has accepted, all show everything, and what one
/// leaves behind the others take over.
package final class JobStore: Sendable {
    private let database: any DatabaseWriter
    private let membership: StoreMembership?

    /// Opens or makes the store of a folder; without one it is in memory, and gone afterwards.
    package init(folder: String?) throws {
        if let folder {
            var configuration = Configuration()
            configuration.busyMode = .timeout(10)
            configuration.prepareDatabase { database in
                guard !database.configuration.readonly else { return }
                // Before there is a table: what is deleted can then be given back to the disk.
                try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
                // What a client was told is true after a power cut, too.
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            membership = try StoreMembership(folder: folder)
            database = try DatabasePool(path: folder + "/jobs.sqlite", configuration: configuration)
        } else {
            membership = nil
            database = try DatabaseQueue()
        }
        try JobSchema.migrator.migrate(database)
    }

    /// The name under which this server's jobs stand in the store.
    private var owner: String { membership?.name ?? "" }

    // MARK: Writing

    /// Takes a new job with its pictures.
    package func insert(_ job: Job, _ inputs: PictureInputs) async throws {
        let document = job.settings.compactText
        let prompt = job.settings["prompt"]?.string ?? ""
        try await database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO job
                        (id, client, owner, settings, prompt, previewInterval, isAttached, status, created, warnings)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    job.id, job.client, self.owner, document, prompt, job.previewInterval, job.isAttached,
                    job.status.rawValue, job.created, job.warningDocument.compactText,
                ])
            for (index, input) in inputs.images.enumerated() { try Self.insert(job.id, .input, index, input, database) }
            if let mask = inputs.mask { try Self.insert(job.id, .mask, 0, mask, database) }
        }
    }

    private static func insert(
        _ job: String, _ kind: Job.Picture.Kind, _ index: Int, _ picture: PictureInputs.Picture, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO picture (job, kind, position, format, width, height, byteCount, bytes)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                job, kind.rawValue, index, picture.format.rawValue, picture.width, picture.height,
                picture.bytes.count, picture.bytes.withUnsafeBytes { Data($0) },
            ])
    }

    /// A job's work has begun.
    package func start(_ id: String, at time: Double) async throws {
        try await database.write { database in
            try database.execute(
                sql: "UPDATE job SET status = 'running', started = ? WHERE id = ?", arguments: [time, id])
        }
    }

    /// A job has ended: its pictures and its state become true at once.
    ///
    /// - Parameter job: with status, time, warnings and error.
    package func finish(_ job: Job, _ outputs: [PictureInputs.Picture] = []) async throws {
        try await database.write { database in
            for (index, output) in outputs.enumerated() { try Self.insert(job.id, .output, index, output, database) }
            try database.execute(
                sql: "UPDATE job SET status = ?, started = ?, finished = ?, warnings = ?, error = ? WHERE id = ?",
                arguments: [
                    job.status.rawValue, job.started, job.finished,
                    job.warningDocument.compactText,
                    job.error.map { JobSchema.document($0).compactText }, job.id,
                ])
        }
    }

    /// Forgets a job with its pictures.
    package func delete(_ id: String) async throws {
        try await database.write { try $0.execute(sql: "DELETE FROM job WHERE id = ?", arguments: [id]) }
    }

    /// Takes over what servers have left that are no longer alive: jobs that wait, or were under way, wait again in their old
    /// order; those whose connection is gone have failed.
    ///
    /// - Returns: the jobs that wait, which are this server's now.
    package func recover(at time: Double) async throws -> [Job] {
        guard let membership else { return [] }
        let owners = try await database.read { database in
            try String.fetchAll(database, sql: "SELECT DISTINCT owner FROM job WHERE status IN ('queued', 'running')")
        }
        var jobs: [Job] = []
        for owner in owners {
            try membership.inherit(from: owner) { jobs += try take(from: owner, at: time) }
        }
        return jobs
    }

    private func take(from owner: String, at time: Double) throws -> [Job] {
        let text = JobSchema.document(.interrupted).compactText
        return try database.write { database in
            try database.execute(
                sql: """
                    UPDATE job SET status = iif(isCancelled, 'cancelled', 'failed'), finished = ?,
                        error = iif(isCancelled, NULL, ?)
                    WHERE owner = ? AND (isAttached OR isCancelled) AND status IN ('queued', 'running')
                    """, arguments: [time, text, owner])
            let waiting = try JobSchema.jobs(
                database,
                sql: "SELECT * FROM job WHERE owner = ? AND status IN ('queued', 'running') ORDER BY sequence", [owner])
            try database.execute(
                sql: """
                    UPDATE job SET status = 'queued', started = NULL, owner = ?
                    WHERE owner = ? AND status IN ('queued', 'running')
                    """, arguments: [self.owner, owner])
            return waiting.map { job in
                var job = job
                (job.status, job.started) = (.queued, nil)
                return job
            }
        }
    }

    /// Asks for the end of a job, whichever server draws it.
    package func requestCancellation(_ id: String) async throws {
        try await database.write { database in
            try database.execute(
                sql: "UPDATE job SET isCancelled = 1 WHERE id = ? AND finished IS NULL", arguments: [id])
        }
    }

    /// This server's jobs whose end was asked for.
    package func cancellations() async throws -> [String] {
        let owner = owner
        return try await database.read { database in
            try String.fetchAll(
                database, sql: "SELECT id FROM job WHERE owner = ? AND isCancelled AND finished IS NULL",
                arguments: [owner])
        }
    }

    /// Takes finished jobs away until what is left is within bounds.
    ///
    /// - Returns: how many went.
    @discardableResult
    package func prune(_ retention: Retention, now: Double) async throws -> Int {
        try await database.write { database in
            let before = try Int.fetchOne(database, sql: "SELECT count(*) FROM job") ?? 0
            if let age = retention.age {
                try database.execute(sql: "DELETE FROM job WHERE finished < ?", arguments: [now - age])
            }
            // Newest first, with what they and all newer ones take: what is beyond a bound goes.
            try database.execute(
                sql: """
                    DELETE FROM job WHERE id IN (
                        SELECT id FROM (
                            SELECT job.id, row_number() OVER newest AS place,
                                sum(coalesce(size.bytes, 0)) OVER newest AS total
                            FROM job LEFT JOIN (SELECT job, sum(byteCount) AS bytes FROM picture GROUP BY job) AS size
                                ON size.job = job.id
                            WHERE job.finished IS NOT NULL
                            WINDOW newest AS (ORDER BY job.sequence DESC)
                        ) WHERE place > ? OR total > ?)
                    """, arguments: [retention.count, retention.bytes])
            let after = try Int.fetchOne(database, sql: "SELECT count(*) FROM job") ?? 0
            if after < before { try database.execute(sql: "PRAGMA incremental_vacuum") }
            return before - after
        }
    }

    // MARK: Reading

    package func job(_ id: String) async throws -> Job? {
        try await database.read { database in
            try JobSchema.jobs(database, sql: "SELECT * FROM job WHERE id = ?", [id]).first
        }
    }

    /// What a list of jobs shows.
    package struct Query: Sendable {
        /// Whose jobs; `nil` is everybody's.
        package var client: String?
        /// Only older ones than this.
        package var before: String?
        package var status: Job.Status?
        /// Part of the prompt.
        package var search: String?
        package var limit = 50

        package init() {}
    }

    /// - Returns: the newest first, and whether there are more.
    package func jobs(_ query: Query) async throws -> (jobs: [Job], hasMore: Bool) {
        var conditions = ["1"]
        var arguments: [(any DatabaseValueConvertible)?] = []
        func require(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments.append(value)
        }
        require("client = ?", query.client)
        require("sequence < (SELECT sequence FROM job WHERE id = ?)", query.before)
        require("status = ?", query.status?.rawValue)
        require("prompt LIKE ? ESCAPE '\\'", query.search.map { "%\(JobSchema.escaped($0))%" })
        let sql =
            "SELECT * FROM job WHERE \(conditions.joined(separator: " AND ")) ORDER BY sequence DESC "
            + "LIMIT \(query.limit + 1)"
        let bound = StatementArguments(arguments)
        let found = try await database.read { try JobSchema.jobs($0, sql: sql, bound) }
        return (Array(found.prefix(query.limit)), found.count > query.limit)
    }

    /// The pictures that a job was given.
    func inputs(_ job: Job) async throws -> PictureInputs {
        var inputs = PictureInputs()
        for picture in job.pictures(.input) + job.pictures(.mask) {
            guard let (bytes, format) = try await self.picture(job.id, picture.kind, picture.index) else { continue }
            let stored = PictureInputs.Picture(
                bytes: bytes, format: format, width: picture.width, height: picture.height)
            if picture.kind == .mask { inputs.mask = stored } else { inputs.images.append(stored) }
        }
        return inputs
    }

    /// The bytes of a picture, and as what they are encoded.
    package func picture(
        _ job: String, _ kind: Job.Picture.Kind, _ index: Int
    ) async throws -> (bytes: [UInt8], format: ImageFormat)? {
        try await database.read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT format, bytes FROM picture WHERE job = ? AND kind = ? AND position = ?",
                arguments: [job, kind.rawValue, index])
            guard let row, let format = ImageFormat(rawValue: row["format"]) else { return nil }
            let data: Data = row["bytes"]
            return (Array(data), format)
        }
    }
}
