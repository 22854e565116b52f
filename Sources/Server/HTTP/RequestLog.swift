import Hummingbird
import Logging
import OmniGen2

/// One line for each request: what was asked, by whom, what came of it, and how long that took.
struct RequestLog: RouterMiddleware {
    typealias Context = ServerContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let began = ContinuousClock.now
        do {
            let response = try await next(request, context)
            log(request, context, response.status.code, began)
            return response
        } catch {
            let status = (error as? HTTPError)?.status.code ?? APIError(error).status
            log(request, context, status, began)
            throw error
        }
    }

    private func log(_ request: Request, _ context: Context, _ status: Int, _ began: ContinuousClock.Instant) {
        let milliseconds = Int(((ContinuousClock.now - began).seconds * 1000).rounded())
        // Addresses of pictures are as good as the pictures: what is behind the route is not logged.
        let path = context.endpointPath ?? "unknown"
        context.logger.info(
            "\(request.method.rawValue) \(path) \(status)",
            metadata: ["ms": "\(milliseconds)", "from": "\(context.address)"])
    }
}
