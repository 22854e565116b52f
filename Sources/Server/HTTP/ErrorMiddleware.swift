import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OmniGen2

/// Turns every error of a route into an answer of OpenAI's shape.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError {
            return Self.response(Self.described(error, request))
        } catch {
            if APIError.isUnexpected(error) {
                context.logger.error("a request failed", metadata: ["error": "\(error)"])
            }
            return Self.response(APIError(error))
        }
    }

    /// An error of the framework: a path or a method that is not served, a body that is too large.
    private static func described(_ error: HTTPError, _ request: Request) -> APIError {
        switch error.status.code {
        case 404: .notFound("there is no \(request.method.rawValue) \(request.uri.path.prefix(100))")
        case 413: APIError(413, .invalidRequest, "the request is larger than this server takes", code: "too_large")
        case 405: APIError(405, .invalidRequest, "\(request.method.rawValue) is not for this path")
        default:
            APIError(error.status.code, error.status.code < 500 ? .invalidRequest : .server, error.status.reasonPhrase)
        }
    }

    static func response(_ error: APIError) -> Response {
        var response = Response.json(error.json, status: HTTPResponse.Status(code: error.status))
        if let seconds = error.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
        if error.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}

extension HTTPFields {
    /// Sets a field for which the framework has no name.
    mutating func set(_ name: String, _ value: String) {
        if let name = HTTPField.Name(name) { self[name] = value }
    }

    /// A field for which the framework has no name.
    func value(_ name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }
}

extension Response {
    /// A JSON document.
    static func json(_ document: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        let bytes = (try? document.line()) ?? Array("{}".utf8)
        return .bytes(bytes, "application/json", status: status)
    }

    /// Bytes of a media type.
    static func bytes(_ bytes: [UInt8], _ mediaType: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: mediaType, .xContentTypeOptions: "nosniff"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
