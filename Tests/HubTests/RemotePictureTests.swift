import Testing

@testable import Hub

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct RemotePictureTests {
    private static let limits = RemotePicture.Limits(bytes: 10_000, seconds: 10)

    /// Fetches from a server on this machine, which only a test may.
    private static func fetch(
        _ url: String, reach: HTTPExchange.Reach = .anywhere, limits: RemotePicture.Limits = limits
    ) async throws -> [UInt8] {
        try await RemotePicture(url, reach: reach).bytes(limits)
    }

    private static func failure(
        _ url: String, reach: HTTPExchange.Reach = .anywhere, limits: RemotePicture.Limits = limits
    ) async -> RemotePictureError? {
        do {
            _ = try await fetch(url, reach: reach, limits: limits)
            return nil
        } catch {
            return error as? RemotePictureError
        }
    }

    @Test func theBytesOfAPictureArrive() async throws {
        let server = try LocalServer { _ in .init(body: patterned(10_000)) }
        defer { server.stop() }
        #expect(try await Self.fetch(server.url + "/cat.png?a=b#c") == patterned(10_000))
        #expect(server.requests.map(\.path) == ["/cat.png?a=b"])
        #expect(server.requests[0].headers["authorization"] == nil)
    }

    @Test func redirectsAreFollowedAFewTimes() async throws {
        let server = try LocalServer { request in
            let number = Int(request.path.dropFirst()) ?? 0
            guard number > 0 else { return .init(body: [1, 2, 3]) }
            return .init(status: 302, headers: ["Location": "\(number - 1)"], body: [9, 9])
        }
        defer { server.stop() }
        #expect(try await Self.fetch(server.url + "/3") == [1, 2, 3])
        #expect(await Self.failure(server.url + "/4") == .tooManyRedirects(host: "127.0.0.1", limit: 3))
        #expect(server.requests.map(\.path) == ["/3", "/2", "/1", "/0", "/4", "/3", "/2", "/1"])
    }

    @Test(arguments: [
        "http://127.0.0.1:PORT/", "http://localhost:PORT/", "http://127.1:PORT/", "http://2130706433:PORT/",
        "http://0x7f.1:PORT/", "http://0177.0.0.1:PORT/", "http://0.0.0.0:PORT/", "http://0:PORT/",
        "http://[::1]:PORT/", "http://[::]:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/",
        "http://127.0.0.1.:PORT/",
    ])
    func thisMachineIsNotPublicHoweverItIsSpelt(url: String) async throws {
        let server = try LocalServer { _ in .init(body: [1]) }
        defer { server.stop() }
        let url = url.replacing("PORT", with: "\(server.port)")
        let failure = await Self.failure(url, reach: .publicAddresses(ports: [Int(server.port)]))
        switch failure {
        case .notPublic: break
        // A machine without IPv6, or a libcurl that takes no such name.
        case .network(_, let reason):
            #expect(!url.hasPrefix("http://127.0.0.1:") && reason.contains("resolve"), "\(reason)")
        default: #expect(Bool(false), "\(url): \(failure.map { "\($0)" } ?? "fetched")")
        }
        #expect(server.requests.isEmpty)
    }

    // In a process of its own: the environment is everybody's.
    #if compiler(>=6.2)
        @Test func aProxyOfTheEnvironmentIsNotAsked() async {
            await #expect(processExitsWith: .success) {
                let proxy = try LocalServer { _ in .init(body: [1]) }
                setenv("http_proxy", proxy.url, 1)
                let url = "http://192.0.2.1/"
                #expect(await Self.failure(url, reach: .publicAddresses(ports: [80])) == .notPublic(host: "192.0.2.1"))
                #expect(proxy.requests.isEmpty)
                // What is not limited does ask it.
                #expect(try await Self.fetch(url) == [1])
            }
        }
    #endif

    @Test func thePortIsLookedAtWhenTheConnectionIsMade() async throws {
        // As if libcurl had read another port in the URL than we did.
        let request = HTTPExchange.Request(url: "http://1.1.1.1:22/", reach: .publicAddresses(ports: [80, 443]))
        #expect(throws: HubError.addressRefused(url: request.url)) {
            _ = try HTTPExchange.perform(request, cancellation: Cancellation()) { _, _ in }
        }
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://user:password@127.0.0.1/",
        "//user@127.0.0.1/",
    ])
    func aRedirectIsLookedAtLikeTheFirstURL(location: String) async throws {
        let server = try LocalServer { _ in .init(status: 301, headers: ["Location": location]) }
        defer { server.stop() }
        let failure = await Self.failure(server.url)
        guard case .invalidURL = failure else { return #expect(Bool(false), "\(failure.map { "\($0)" } ?? "fetched")") }
        #expect(server.requests.count == 1)
    }

    @Test func aRedirectWithoutAPlaceIsARefusal() async throws {
        let server = try LocalServer { _ in .init(status: 302) }
        defer { server.stop() }
        #expect(await Self.failure(server.url) == .refused(host: "127.0.0.1", status: 302))
    }

    @Test func whatIsTooLargeIsLeftWhenItsSizeIsAnnounced() async throws {
        // As many bytes as are allowed take longer than is allowed: whoever waited for them would say it was too slow.
        let server = try LocalServer { _ in .init(body: patterned(200_000), pause: 10) }
        defer { server.stop() }
        let failure = await Self.failure(server.url, limits: .init(bytes: 10_000, seconds: 60))
        #expect(failure == .tooLarge(host: "127.0.0.1", limit: 10_000))
    }

    @Test func whatIsTooLargeIsLeftAtTheLimitWhenNoSizeIsAnnounced() async throws {
        let server = try LocalServer { _ in
            // Two lengths that differ would be an error; chunks that never end hide the first.
            .init(
                headers: ["Transfer-Encoding": "chunked"],
                body: Array(repeating: Array("3e8\r\n".utf8) + patterned(1000) + Array("\r\n".utf8), count: 200)
                    .flatMap { $0 })
        }
        defer { server.stop() }
        let failure = await Self.failure(server.url)
        #expect(failure == .tooLarge(host: "127.0.0.1", limit: 10_000))
    }

    @Test(.timeLimit(.minutes(1))) func whatIsTooSlowIsLeft() async throws {
        let server = try LocalServer { _ in .init(body: patterned(10_000), pause: 10) }
        defer { server.stop() }
        let failure = await Self.failure(server.url, limits: .init(bytes: 10_000, seconds: 0.5))
        #expect(failure == .tooSlow(host: "127.0.0.1", seconds: 0.5))
    }

    @Test func aRefusalAndALostConnectionAreToldApart() async throws {
        let server = try LocalServer { request in
            request.path == "/cut" ? .init(body: patterned(5000), cutAfter: 100) : .init(status: 404)
        }
        defer { server.stop() }
        #expect(await Self.failure(server.url + "/none") == .refused(host: "127.0.0.1", status: 404))
        let lost = await Self.failure(server.url + "/cut")
        guard case .network = lost else { return #expect(Bool(false), "\(lost.map { "\($0)" } ?? "fetched")") }
    }

    @Test func aCancelledFetchEnds() async throws {
        let server = try LocalServer { _ in .init(body: patterned(10_000), pause: 1) }
        defer { server.stop() }
        let url = server.url
        let task = Task { try await Self.fetch(url) }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(arguments: [
        ("", "expected http://"), ("cat.png", "expected http://"), ("file:///etc/passwd", "expected http://"),
        ("ftp://example.com/", "expected http://"), ("http:/example.com", "expected http://"),
        ("http://", "names no host"), ("http://:80/", "names no host"), ("http:///cat.png", "names no host"),
        ("http://a@example.com/", "user or password"), ("http://example.com:80@10.0.0.1/", "user or password"),
        ("http://example.com:8080/", "expected port 80 or 443, got 8080"), ("http://example.com:/", "none"),
        ("https://example.com:443/a:b@c", "none"), ("HTTP://EXAMPLE.com?a", "none"), ("https://[2606::1]:443/", "none"),
        ("http://example.com:22/", "got 22"), ("http://[::1]x/", "names no host"),
        ("http://example.com:8x/", "no number"), ("http://example.com:99999999999999999999/", "no number"),
        ("http://example.com\\@10.0.0.1/", "backslashes"),
        ("http://exa mple.com/", "visible ASCII"), ("http://example.com/\r\nHost: x", "visible ASCII"),
        ("http://例え.jp/", "visible ASCII"), ("http://example.com/" + String(repeating: "a", count: 5000), "at most"),
    ])
    func aURLIsHTTPOnItsOwnPortWithoutAUser(url: String, words: String) {
        let failure: String
        do {
            _ = try RemotePicture(url)
            failure = "none"
        } catch {
            failure = "\(error)"
        }
        #expect(failure.contains(words), "\(failure)")
    }

    @Test func errorsShowTheHostAndNotTheRestOfTheURL() async throws {
        let server = try LocalServer { _ in .init(status: 500) }
        defer { server.stop() }
        let failure = await Self.failure(server.url + "/secret?token=secret")
        #expect(failure.map { "\($0)" } == "picture from 127.0.0.1: expected HTTP status 200, got 500")
    }
}
