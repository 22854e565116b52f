#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where the hub is, where its cache lies and who asks: the environment variables of `huggingface_hub` (constants.py).
package struct HubConfiguration: Sendable {
    /// Base URL without a trailing slash, from `HF_ENDPOINT`.
    package var endpoint: String
    /// Access token of `HF_TOKEN`, else of the file `HF_TOKEN_PATH` (by default `$HF_HOME/token`).
    package var token: String?
    /// Folder with the `models--owner--name` folders.
    package var cacheFolder: String
    /// `HF_HUB_OFFLINE`: nothing is sent at all.
    package var isOffline: Bool
    /// How many files are downloaded at the same time.
    package var concurrentDownloads = 4
    /// How often a request that fails for a passing reason is sent, and the first pause between two in seconds.
    package var maximumTries = 5
    package var firstRetryDelay = 1.0

    /// Reads the variables; empty ones count as absent. Throws `HubError.invalidConfiguration`.
    package init(environment: [String: String]) throws {
        let variables = environment.filter { !$0.value.isEmpty }
        func path(_ name: String) throws -> String? {
            try variables[name].map { try Self.expandTilde($0, variable: name, home: variables["HOME"]) }
        }
        let home = try path("HF_HOME") ?? Self.defaultHome(variables)
        endpoint = try Self.validEndpoint(variables["HF_ENDPOINT"] ?? "https://huggingface.co")
        cacheFolder = try path("HF_HUB_CACHE") ?? path("HUGGINGFACE_HUB_CACHE") ?? home + "/hub"
        let tokenPath = try path("HF_TOKEN_PATH") ?? home + "/token"
        token = Self.cleanToken(variables["HF_TOKEN"] ?? variables["HUGGING_FACE_HUB_TOKEN"])
        if token == nil, let contents = FileManager.default.contents(atPath: tokenPath) {
            token = Self.cleanToken(String(decoding: contents, as: UTF8.self))
        }
        let truthy = ["1", "ON", "YES", "TRUE"]
        let offline = variables["HF_HUB_OFFLINE"] ?? variables["TRANSFORMERS_OFFLINE"] ?? ""
        isOffline = truthy.contains(offline.uppercased())
    }

    private static func defaultHome(_ variables: [String: String]) throws -> String {
        let folder = variables["XDG_CACHE_HOME"] ?? "~/.cache"
        return try expandTilde(folder, variable: "XDG_CACHE_HOME", home: variables["HOME"]) + "/huggingface"
    }

    private static func expandTilde(_ path: String, variable: String, home: String?) throws -> String {
        guard path == "~" || path.hasPrefix("~/") else {
            return path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        }
        guard let home else {
            throw HubError.invalidConfiguration(variable: variable, value: path, expected: "a path, as HOME is not set")
        }
        return home + path.dropFirst()
    }

    private static func validEndpoint(_ text: String) throws -> String {
        var endpoint = text[...]
        while endpoint.hasSuffix("/") { endpoint = endpoint.dropLast() }
        guard endpoint.hasPrefix("https://") || endpoint.hasPrefix("http://"),
            endpoint.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else {
            throw HubError.invalidConfiguration(
                variable: "HF_ENDPOINT", value: text, expected: "a URL that starts with https:// or http://")
        }
        return String(endpoint)
    }

    private static func cleanToken(_ text: String?) -> String? {
        // A line break inside a header would start another header.
        let token = (text ?? "").filter { !$0.isNewline }.drop { $0.isWhitespace }
        let end = token.lastIndex { !$0.isWhitespace }
        return end.map { String(token[...$0]) }
    }
}
