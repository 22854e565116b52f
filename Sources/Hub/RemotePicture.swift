/// A picture that a client names by its URL, fetched without giving the client a way into the server's own networks:
/// see `HTTPExchange.Reach`.
package struct RemotePicture: Sendable {
    package let url: String
    /// As the URL spells it, for errors: the rest of a URL may be a secret.
    package let host: String
    private let reach: HTTPExchange.Reach

    /// What a picture may take.
    package struct Limits: Sendable {
        package var bytes: Int
        /// From the look-up of the name to the last byte, redirects included.
        package var seconds: Double
        package var redirects: Int

        package init(bytes: Int, seconds: Double, redirects: Int = 3) {
            self.bytes = bytes
            self.seconds = seconds
            self.redirects = redirects
        }
    }

    /// Throws `RemotePictureError.invalidURL` unless `url` is one of http or https on its own port, without a user.
    package init(_ url: String) throws(RemotePictureError) {
        try self.init(url, reach: .publicAddresses(ports: [80, 443]))
    }

    init(_ url: String, reach: HTTPExchange.Reach) throws(RemotePictureError) {
        let authority = try RemoteAuthority(url)
        if case .publicAddresses(let ports) = reach, !ports.contains(authority.port) {
            let expected = ports.sorted().map { "\($0)" }.joined(separator: " or ")
            throw .invalidURL(reason: "expected port \(expected), got \(authority.port)")
        }
        self.url = url
        self.reach = reach
        host = authority.host
    }

    /// The bytes of the picture, whatever they are. Throws `RemotePictureError`, or `CancellationError` when the task
    /// is cancelled.
    package func bytes(_ limits: Limits) async throws -> [UInt8] {
        try await onOwnThread("hub.picture") { cancellation in
            let end = ContinuousClock.now + .seconds(limits.seconds)
            var picture = self
            for _ in 0...max(0, limits.redirects) {
                switch try picture.answer(limits, until: end, cancellation) {
                case .bytes(let bytes): return bytes
                case .redirect(let url): picture = try RemotePicture(url, reach: reach)
                }
            }
            throw RemotePictureError.tooManyRedirects(host: host, limit: limits.redirects)
        }
    }

    private enum Answer {
        case bytes([UInt8])
        case redirect(String)
    }

    private func answer(
        _ limits: Limits, until end: ContinuousClock.Instant, _ cancellation: Cancellation
    ) throws -> Answer {
        let left = (end - ContinuousClock.now) / .seconds(1)
        guard left > 0 else { throw RemotePictureError.tooSlow(host: host, seconds: limits.seconds) }
        let request = HTTPExchange.Request(url: url, followsRedirects: false, maximumSeconds: left, reach: reach)
        var body: [UInt8] = []
        let response: HTTPResponse
        do {
            response = try HTTPExchange.perform(request, cancellation: cancellation) { response, bytes in
                let announced = response.headers["content-length"].flatMap { Int($0) } ?? 0
                guard max(announced, body.count + bytes.count) <= limits.bytes else {
                    throw RemotePictureError.tooLarge(host: host, limit: limits.bytes)
                }
                body += bytes
            }
        } catch let error as HubError {
            // libcurl's clock has whole milliseconds, so it may be a little early.
            if case .network = error, ContinuousClock.now + .milliseconds(20) >= end {
                throw RemotePictureError.tooSlow(host: host, seconds: limits.seconds)
            }
            throw RemotePictureError(error, host: host)
        }
        if let url = response.redirectURL { return .redirect(url) }
        guard response.status == 200 else { throw RemotePictureError.refused(host: host, status: response.status) }
        return .bytes(body)
    }
}

/// Host and port of an http or https URL.
private struct RemoteAuthority {
    let host: String
    let port: Int

    private static let maximumBytes = 4096

    /// Strict: where two programs might read a URL in two ways, it is refused.
    init(_ url: String) throws(RemotePictureError) {
        guard url.utf8.count <= Self.maximumBytes else {
            throw .invalidURL(reason: "expected at most \(Self.maximumBytes) bytes, got \(url.utf8.count)")
        }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw .invalidURL(reason: "expected visible ASCII without backslashes; encode others as %XX")
        }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", url.dropFirst(scheme.count).hasPrefix("://") else {
            throw .invalidURL(reason: "expected http:// or https://, got another beginning")
        }
        let authority = url.dropFirst(scheme.count + 3).prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { throw .invalidURL(reason: "a user or password in it is not allowed") }
        // The colons of an IPv6 address stand in brackets.
        let hostEnd = authority.firstIndex(of: "]").map { authority.index(after: $0) }
        let end = hostEnd ?? authority.firstIndex(of: ":") ?? authority.endIndex
        host = String(authority[..<end])
        let port = authority[end...]
        guard !host.isEmpty, port.isEmpty || port.first == ":" else { throw .invalidURL(reason: "it names no host") }
        let digits = port.dropFirst()
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = digits.isEmpty ? 0 : Int(digits) else {
            throw .invalidURL(reason: "its port is no number")
        }
        self.port = digits.isEmpty ? (scheme == "https" ? 443 : 80) : number
    }
}

/// Why a picture could not be fetched.
package enum RemotePictureError: Error, Equatable, CustomStringConvertible {
    case invalidURL(reason: String)
    case notPublic(host: String)
    case refused(host: String, status: Int)
    case tooManyRedirects(host: String, limit: Int)
    case tooLarge(host: String, limit: Int)
    case tooSlow(host: String, seconds: Double)
    case network(host: String, reason: String)

    package var description: String {
        switch self {
        case .invalidURL(let reason): "picture's URL: \(reason)"
        case .notPublic(let host): "picture from \(host): its address is not a public one"
        case .refused(let host, let status): "picture from \(host): expected HTTP status 200, got \(status)"
        case .tooManyRedirects(let host, let limit): "picture from \(host): redirected more than \(limit) times"
        case .tooLarge(let host, let limit): "picture from \(host): larger than \(limit) bytes"
        case .tooSlow(let host, let seconds): "picture from \(host): not there after \(seconds) seconds"
        case .network(let host, let reason): "picture from \(host): \(reason)"
        }
    }

    init(_ error: HubError, host: String) {
        switch error {
        case .addressRefused: self = .notPublic(host: host)
        case .network(_, let reason, _): self = .network(host: host, reason: reason)
        default: self = .network(host: host, reason: "\(error)")
        }
    }
}
