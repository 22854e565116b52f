#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The two requests made to the hub, and what its refusals mean.
struct HubAPI: Sendable {
    let configuration: HubConfiguration
    let repository: RepositoryID

    /// Asks what the revision is. Transient failures are tried `tries` times in all.
    func listing(tries: Int, cancellation: Cancellation) throws -> RevisionListing {
        let revision = PathSafety.percentEncoded(repository.revision, keepSlashes: false)
        let url = "\(configuration.endpoint)/api/models/\(repository.name)/revision/\(revision)?blobs=true"
        var retry = Retry(configuration: configuration, maximumTries: tries)
        while true {
            do {
                return try RevisionListing(json: fetch(url, cancellation: cancellation), url: url)
            } catch let error as HubError where error.isTransient {
                try retry.pause(after: error, cancellation: cancellation)
            }
        }
    }

    /// One try at the bytes that `partial` does not have yet. Throws `HubError`; what came until then is kept.
    func download(_ file: RepositoryFile, commit: String, into partial: PartialFile, cancellation: Cancellation) throws
    {
        let path = PathSafety.percentEncoded(file.name, keepSlashes: true)
        let url = "\(configuration.endpoint)/\(repository.name)/resolve/\(commit)/\(path)"
        let request = HTTPExchange.Request(url: url, token: configuration.token, offset: partial.count)
        var refusal = Data()
        var isFirst = true
        let response = try HTTPExchange.perform(request, cancellation: cancellation) { response, bytes in
            guard response.status == 200 || response.status == 206 else {
                return refusal.append(contentsOf: bytes.prefix(4096 - min(4096, refusal.count)))
            }
            if isFirst { try begin(response, file: file, partial: partial) }
            isFirst = false
            try partial.append(bytes)
        }
        if response.status == 416 {
            throw HubError.sizeMismatch(file: file.name, expected: file.size, got: partial.count)
        }
        try check(response, url: url, refusal: refusal, file: file)
        guard partial.count == file.size else {
            let reason = "connection closed after \(partial.count) of \(file.size) bytes of '\(file.name)'"
            throw HubError.network(url: url, reason: reason, isTransient: true)
        }
    }

    /// A server that ignores the range sends the file from its start.
    private func begin(_ response: HTTPResponse, file: RepositoryFile, partial: PartialFile) throws {
        var total = response.headers["content-length"].flatMap { Int($0) }
        if response.status == 206 {
            // bytes FIRST-LAST/TOTAL
            let range = response.headers["content-range"]?.split { !$0.isNumber && $0 != "*" } ?? []
            let first = range.first.flatMap { Int($0) }
            total = range.last.flatMap { Int($0) }
            // A range from the start is as good as the whole file; any other is useless.
            if first == 0, partial.count > 0 { try partial.startOver() }
            if first != partial.count {
                throw HubError.network(
                    url: file.name, reason: "the server sent another range than asked for", isTransient: true)
            }
        } else if partial.count > 0 {
            try partial.startOver()
        }
        if let total, total != file.size {
            throw HubError.sizeMismatch(file: file.name, expected: file.size, got: total)
        }
    }

    private func fetch(_ url: String, cancellation: Cancellation) throws -> Data {
        var body = Data()
        let request = HTTPExchange.Request(url: url, token: configuration.token)
        let response = try HTTPExchange.perform(request, cancellation: cancellation) { _, bytes in
            guard body.count + bytes.count <= 64 << 20 else {
                throw HubError.malformedResponse(url: url, reason: "more than 64 MiB")
            }
            body.append(contentsOf: bytes)
        }
        try check(response, url: url, refusal: body, file: nil)
        return body
    }

    /// Throws unless the status is 200 or 206. The hub names the cause in `X-Error-Code`.
    private func check(_ response: HTTPResponse, url: String, refusal: Data, file: RepositoryFile?) throws {
        let message = response.headers["x-error-message"] ?? Self.message(in: refusal)
        switch (response.status, response.headers["x-error-code"]) {
        case (200, _), (206, _): return
        case (401, _), (403, _):
            let what = file.map { "file '\($0.name)' of repository \(repository)" } ?? "repository \(repository)"
            throw HubError.accessDenied(
                status: response.status, what: what, hasToken: configuration.token != nil, message: message)
        case (404, "RevisionNotFound"):
            throw HubError.revisionNotFound(repository.revision, repository: repository.name)
        case (404, "RepoNotFound"):
            throw HubError.repositoryNotFound(repository.name, endpoint: configuration.endpoint)
        case (404, _):
            guard let file else {
                throw HubError.repositoryNotFound("\(repository)", endpoint: configuration.endpoint)
            }
            throw HubError.fileNotFound(file.name, repository: "\(repository)")
        default:
            let retryAfter = response.headers["retry-after"].flatMap { Double($0) }
            throw HubError.server(status: response.status, url: url, message: message, retryAfter: retryAfter)
        }
    }

    private static func message(in refusal: Data) -> String {
        struct Refusal: Decodable { let error: String }
        return (try? JSONDecoder().decode(Refusal.self, from: refusal))?.error ?? ""
    }
}

/// Counts tries that failed in a row, and waits longer after each.
struct Retry {
    let configuration: HubConfiguration
    let maximumTries: Int
    private var failures = 0

    init(configuration: HubConfiguration, maximumTries: Int) {
        self.configuration = configuration
        self.maximumTries = maximumTries
    }

    mutating func forget() { failures = 0 }

    /// Throws `error` itself when there are no tries left.
    mutating func pause(after error: HubError, cancellation: Cancellation) throws {
        failures += 1
        guard failures < maximumTries else { throw error }
        var delay = configuration.firstRetryDelay * Double(1 << min(failures - 1, 5))
        if case .server(_, _, _, .some(let wanted)) = error { delay = max(delay, min(wanted, 120)) }
        try cancellation.sleep(seconds: delay)
    }
}
