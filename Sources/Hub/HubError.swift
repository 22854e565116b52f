/// What can go wrong between a repository id and a folder with its files.
package enum HubError: Error, Equatable, CustomStringConvertible {
    case invalidConfiguration(variable: String, value: String, expected: String)
    case invalidRepository(String, reason: String)
    case invalidFileName(String, repository: String, reason: String)
    case curlUnavailable(reason: String)
    case network(url: String, reason: String, isTransient: Bool)
    case addressRefused(url: String)
    case server(status: Int, url: String, message: String, retryAfter: Double?)
    case accessDenied(status: Int, what: String, hasToken: Bool, message: String)
    case repositoryNotFound(String, endpoint: String)
    case revisionNotFound(String, repository: String)
    case fileNotFound(String, repository: String)
    case malformedResponse(url: String, reason: String)
    case noMatchingFiles(repository: String)
    case notCached(repository: String, cache: String, reason: String)
    case sizeMismatch(file: String, expected: Int, got: Int)
    case checksumMismatch(file: String, expected: String, got: String)
    case diskFull(folder: String, needed: Int, free: Int?)
    case fileSystem(operation: String, path: String, reason: String)

    package var description: String {
        switch self {
        case .invalidConfiguration(let variable, let value, let expected):
            "\(variable): expected \(expected), got '\(value)'"
        case .invalidRepository(let text, let reason):
            "repository '\(text)': expected owner/name or owner/name@revision, but \(reason)"
        case .invalidFileName(let name, let repository, let reason):
            "\(repository) lists a file named '\(name)', which is refused: \(reason)"
        case .curlUnavailable(let reason):
            "downloading needs libcurl, which cannot be opened (\(reason)); install it: apt-get install libcurl4"
        case .network(let url, let reason, _): "\(url): \(reason)"
        case .addressRefused(let url): "\(url): its address or port is not one that connections may go to"
        case .server(let status, let url, let message, _): "\(url): HTTP status \(status)\(Self.suffix(message))"
        case .accessDenied(let status, let what, let hasToken, let message):
            Self.describeDenial(status, what, hasToken, message)
        case .repositoryNotFound(let repository, let endpoint): "\(endpoint) has no model repository '\(repository)'"
        case .revisionNotFound(let revision, let repository): "repository \(repository) has no revision '\(revision)'"
        case .fileNotFound(let file, let repository): "repository \(repository) has no file '\(file)'"
        case .malformedResponse(let url, let reason): "\(url): unexpected answer: \(reason)"
        case .noMatchingFiles(let repository): "repository \(repository) has none of the wanted files"
        case .notCached(let repository, let cache, let reason):
            "\(repository) is not complete in the cache \(cache) (\(reason)), and HF_HUB_OFFLINE forbids downloading"
        case .sizeMismatch(let file, let expected, let got):
            "\(file): expected \(expected) bytes, got \(got); what was downloaded is removed"
        case .checksumMismatch(let file, let expected, let got):
            "\(file): expected checksum \(expected), got \(got); what was downloaded is removed"
        case .diskFull(let folder, let needed, let free): Self.describeFullDisk(folder, needed, free)
        case .fileSystem(let operation, let path, let reason): "cannot \(operation) \(path): \(reason)"
        }
    }

    /// Whether the same request may succeed a little later.
    var isTransient: Bool {
        switch self {
        case .network(_, _, let isTransient): isTransient
        case .server(let status, _, _, _): status >= 500 || status == 429 || status == 408
        default: false
        }
    }

    /// Whether the hub could not be asked at all, so that what the cache knows is the best there is.
    var meansNoAnswer: Bool {
        if case .curlUnavailable = self { return true }
        return isTransient
    }

    /// Whether the bytes received are not those of the file, so that none of them is worth keeping.
    var isCorruption: Bool {
        switch self {
        case .sizeMismatch, .checksumMismatch: true
        default: false
        }
    }

    private static func suffix(_ message: String) -> String {
        message.isEmpty ? "" : " (\(message))"
    }

    private static func describeDenial(_ status: Int, _ what: String, _ hasToken: Bool, _ message: String) -> String {
        let advice =
            hasToken
            ? "the token in use gives no access: check HF_TOKEN, and ask for access on the page of a gated repository"
            : "it does not exist, is private or is gated: set HF_TOKEN to a token whose owner has access"
        return "\(what): HTTP status \(status)\(suffix(message)); \(advice)"
    }

    private static func describeFullDisk(_ folder: String, _ needed: Int, _ free: Int?) -> String {
        let available = free.map { ", \(megabytes($0)) are free" } ?? ""
        return "no space left in \(folder): \(megabytes(needed)) more are needed\(available);"
            + " what is downloaded is kept, and the next run goes on from there"
    }

    private static func megabytes(_ bytes: Int) -> String {
        bytes < 1_000_000 ? "\(bytes) bytes" : "\((bytes + 999_999) / 1_000_000) MB"
    }
}
