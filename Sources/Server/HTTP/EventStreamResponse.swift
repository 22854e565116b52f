import HTTPTypes
import Hummingbird
import NIOCore
import OmniGen2

extension Response {
    /// Server-sent events, until `body` returns; it is cancelled when the client leaves.
    ///
    /// - Parameter body: is given what sends an event, and says its errors by that.
    static func events(
        of request: Request, _ body: @escaping @Sendable (EventWriter) async throws -> Void
    ) -> Response {
        let headers: HTTPFields = [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache", .connection: "close",
            // A proxy that collects the answer would hold the events back.
            .accelBuffering: "no",
        ]
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
                let events = EventWriter(continuation)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        defer { continuation.finish() }
                        try await request.whileConnected { try await body(events) }
                    }
                    group.addTask { try await events.keepAlive() }
                    for await bytes in stream { try await writer.write(bytes) }
                    group.cancelAll()
                }
                try await writer.finish(nil)
            })
    }
}

extension Request {
    /// Work for a client, which is cancelled when the client leaves. The body must have been read, and the connection ends
    /// with the answer.
    func whileConnected<R: Sendable>(_ work: @escaping @Sendable () async throws -> R) async throws -> R {
        try await body.consumeWithCancellationOnInboundClose { _ in try await work() }
    }
}

/// Sends events to one client.
struct EventWriter: Sendable {
    private let continuation: AsyncStream<ByteBuffer>.Continuation
    private static let keepAliveSeconds = 10

    init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

    /// - Parameter name: `nil` where the data says what it is.
    func send(_ name: String? = nil, _ data: JSONValue) {
        send(ServerSentEvent(name: name, data: data.compactText))
    }

    func send(_ event: ServerSentEvent) { continuation.yield(ByteBuffer(bytes: event.bytes)) }

    /// Lines that say nothing: whoever stands between does not take the connection for dead.
    func keepAlive() async throws {
        while true {
            try await Task.sleep(for: .seconds(Self.keepAliveSeconds))
            send(ServerSentEvent(comment: "keep-alive"))
        }
    }
}

extension HTTPField.Name {
    static let accelBuffering = HTTPField.Name("x-accel-buffering")!
}
