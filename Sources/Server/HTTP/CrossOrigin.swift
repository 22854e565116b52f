import HTTPTypes
import Hummingbird

/// Keeps pages of other origins out, unless they are named: a browser would let any page send requests to a server of this
/// machine, and, by a name that leads here, read the answers.
struct CrossOrigin: RouterMiddleware {
    typealias Context = ServerContext

    /// Origins whose pages may call the server; "*" is any.
    let origins: [String]
    /// Whether the server is for this machine alone, and asks for no key.
    let isPrivate: Bool

    private static let ownHosts: Set = ["localhost", "127.0.0.1", "[::1]"]

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let error = wrongHost(request) { return ErrorMiddleware.response(error) }
        guard let origin = request.headers[.origin] else { return try await next(request, context) }
        guard origins.contains("*") || origins.contains(origin) else {
            let isOwn = request.head.authority.map { Self.authority(origin) == $0 } ?? false
            guard isOwn || request.method == .get || request.method == .head else {
                let error = APIError(
                    403, .authentication, "pages of \(origin.prefix(100)) may not call this server (--cors)",
                    code: "origin_not_allowed")
                return ErrorMiddleware.response(error)
            }
            return try await next(request, context)
        }
        return try await allowed(origin, request, context, next)
    }

    private func allowed(
        _ origin: String, _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            response = Response(status: .noContent)
            response.headers[.accessControlAllowMethods] = "GET, POST, DELETE"
            response.headers[.accessControlAllowHeaders] = "authorization, content-type"
            response.headers[.accessControlMaxAge] = "600"
        } else {
            response = try await next(request, context)
        }
        response.headers[.accessControlAllowOrigin] = origins.contains("*") ? "*" : origin
        response.headers[.accessControlExposeHeaders] = "x-request-id, retry-after"
        response.headers[.vary] = "Origin"
        return response
    }

    /// A page of another name that leads to this machine must not pass for one of this server.
    private func wrongHost(_ request: Request) -> APIError? {
        guard isPrivate, let authority = request.head.authority else { return nil }
        let host = Self.host(authority)
        let named = origins.map { Self.host(Self.authority($0)) }
        if Self.ownHosts.contains(host.lowercased()) || named.contains(host) || named.contains("*") { return nil }
        return APIError(
            403, .authentication,
            "the host '\(host.prefix(100))' is not this machine's; a server behind it needs --key-file, or --cors with its "
                + "origin", code: "host_not_allowed")
    }

    /// Host and port of an origin.
    private static func authority(_ origin: String) -> String {
        origin.firstRange(of: "://").map { String(origin[$0.upperBound...]) } ?? origin
    }

    /// An authority without its port.
    private static func host(_ authority: String) -> String {
        guard let colon = authority.lastIndex(of: ":"), authority[colon...].dropFirst().allSatisfy(\.isNumber) else {
            return authority
        }
        return String(authority[..<colon])
    }
}
