import GRDB
import Imaging
import OmniGen2

/// The tables of the store, and how rows become jobs.
enum JobSchema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("jobs") { database in
            try database.execute(
                sql: """
                    CREATE TABLE job (
                        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                        id TEXT NOT NULL UNIQUE,
                        client TEXT NOT NULL,
                        owner TEXT NOT NULL,
                        isCancelled INTEGER NOT NULL DEFAULT 0,
                        settings TEXT NOT NULL,
                        prompt TEXT NOT NULL,
                        previewInterval INTEGER NOT NULL,
                        isAttached INTEGER NOT NULL,
                        status TEXT NOT NULL,
                        created REAL NOT NULL,
                        started REAL,
                        finished REAL,
                        warnings TEXT NOT NULL DEFAULT '[]',
                        error TEXT);
                    CREATE INDEX jobOfClient ON job (client, sequence);
                    CREATE INDEX jobByStatus ON job (status, sequence);
                    CREATE TABLE picture (
                        job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
                        kind TEXT NOT NULL,
                        position INTEGER NOT NULL,
                        format TEXT NOT NULL,
                        width INTEGER NOT NULL,
                        height INTEGER NOT NULL,
                        byteCount INTEGER NOT NULL,
                        bytes BLOB NOT NULL,
                        PRIMARY KEY (job, kind, position));
                    """)
        }
        return migrator
    }()

    /// The jobs of a query over `job`, each with its pictures.
    static func jobs(_ database: Database, sql: String, _ arguments: StatementArguments) throws -> [Job] {
        try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
            var job = Job(
                id: row["id"], client: row["client"], settings: try document(row["settings"]), created: row["created"])
            job.previewInterval = row["previewInterval"]
            job.isAttached = row["isAttached"]
            job.status = Job.Status(rawValue: row["status"]) ?? .failed
            (job.started, job.finished) = (row["started"], row["finished"])
            job.warnings = try document(row["warnings"]).array?.compactMap(\.string) ?? []
            let error: String? = row["error"]
            job.error = try error.map { try Self.error(document($0)) }
            job.pictures = try pictures(database, of: job.id)
            return job
        }
    }

    private static func pictures(_ database: Database, of job: String) throws -> [Job.Picture] {
        try Row.fetchAll(
            database, sql: "SELECT kind, position, format, width, height, byteCount FROM picture WHERE job = ?",
            arguments: [job]
        ).compactMap { row in
            guard let kind = Job.Picture.Kind(rawValue: row["kind"]), let format = ImageFormat(rawValue: row["format"])
            else { return nil }
            return Job.Picture(
                kind: kind, index: row["position"], format: format, width: row["width"], height: row["height"],
                byteCount: row["byteCount"])
        }
    }

    private static func document(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    /// An error as it is kept.
    static func document(_ error: APIError) -> JSONValue {
        var document = error.fields
        document["status"] = .int(error.status)
        return document
    }

    private static func error(_ document: JSONValue) -> APIError {
        APIError(
            document["status"]?.int ?? 500, document["type"]?.string.flatMap(APIError.Kind.init) ?? .server,
            document["message"]?.string ?? "", parameter: document["param"]?.string, code: document["code"]?.string)
    }

    /// A text in which nothing is a pattern.
    static func escaped(_ text: String) -> String {
        text.flatMap { "\\%_".contains($0) ? ["\\", $0] : [$0] }.reduce(into: "") { $0.append($1) }
    }
}
