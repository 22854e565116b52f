import HTTPTypes
import Hummingbird

/// Asks for a key where the server has keys.
struct Authentication: RouterMiddleware {
    typealias Context = ServerContext

    let keys: APIKeys?

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let keys else { return try await next(request, context) }
        guard let presented = Self.key(request) else {
            throw APIError(
                401, .authentication, "a key is needed: Authorization: Bearer KEY", code: "invalid_api_key")
        }
        guard let client = keys.client(for: presented) else {
            throw APIError(401, .authentication, "this key is not known here", code: "invalid_api_key")
        }
        var context = context
        context.client = client
        return try await next(request, context)
    }

    /// `Bearer KEY`, or the user's password where a tool speaks only that.
    private static func key(_ request: Request) -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return nil }
        let rest = words[1].filter { $0 != " " }
        switch words[0].lowercased() {
        case "bearer": return rest
        case "basic":
            guard let bytes = DataURL.bytes(rest) else { return nil }
            return String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1).last.map(String.init)
        default: return nil
        }
    }
}
