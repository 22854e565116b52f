import Hummingbird
import Logging
import Metrics
import OmniGen2

/// One line and one count for each request: what was asked, by whom, what came of it, and how long that took until the answer
/// began. The answer carries the id under which the log has it.
struct RequestLog: RouterMiddleware {
    typealias Context = ServerContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let began = ContinuousClock.now
        var response = try await next(request, context)
        response.headers.set("x-request-id", context.requestID)
        let seconds = (ContinuousClock.now - began).seconds
        // Addresses of pictures are as good as the pictures: what is behind the route is neither logged nor counted.
        let route = context.endpointPath ?? "none"
        let method = Self.methods.contains(request.method.rawValue) ? request.method.rawValue : "other"
        let labels = [("method", method), ("route", route)]
        Counter(label: "http_requests", dimensions: labels + [("status", "\(response.status.code)")]).increment()
        Timer(label: "http_request", dimensions: labels).recordSeconds(seconds)
        context.logger.info(
            "\(method) \(route) \(response.status.code)",
            metadata: ["ms": "\(Int((seconds * 1000).rounded()))", "from": "\(context.address)"])
        return response
    }

    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
}
