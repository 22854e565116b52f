import OmniGen2

/// How a server listens, and what it allows.
package struct ServerConfiguration: Sendable {
    /// Where it listens.
    package var host = "127.0.0.1"
    package var port = 8080
    /// Folder of the job store; `nil` keeps it in memory.
    package var dataFolder: String?
    /// Who may use it; without keys everybody who can reach it.
    package var keys: APIKeys?
    /// Folder whose LoRA files requests may name.
    package var adapterFolder: String?
    /// Whether pictures are fetched from addresses that requests name.
    package var allowsImageURLs = false
    /// The origins whose pages may call it; "*" is any.
    package var allowedOrigins: [String] = []
    package var queue = FairQueue.Limits(total: 256, perClient: 64)
    package var limits = RequestLimits()
    package var retention = Retention()
    /// How a picture is drawn where a request does not say.
    package var preset: Preset?
    /// Seconds in which running work may end after the server is told to.
    package var drainSeconds = 30
    /// Connections at once.
    package var maximumConnections = 1024

    /// Everything at its default.
    package init() {}

    /// Whether only this machine can reach it.
    package var isLoopback: Bool { ["127.0.0.1", "::1", "localhost"].contains(host) }
}

/// What one request may ask for.
package struct RequestLimits: Sendable {
    /// Bytes of a request.
    package var bodyBytes = 64 << 20
    /// Seconds in which it must have come.
    package var bodySeconds = 120
    /// Seconds for a picture of another server.
    package var fetchSeconds = 20.0
    /// Pixels of a picture that is drawn, and of one that is sent.
    package var pixels = 4 << 20
    package var inputPixels = 40_000_000
    package var count = 4
    package var steps = 200
    package var promptCharacters = 16_384
    /// Tokens of a reply, and messages of a conversation.
    package var replyTokens = 4096
    package var messages = 256

    package init() {}
}
