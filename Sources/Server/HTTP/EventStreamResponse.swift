import HTTPTypes
import Hummingbird
import NIOCore
import OmniGen2

extension Response {
    /// Server-sent events, until `body` returns; when the client is gone it is cancelled with the next event.
    ///
    /// - Parameter body: is given what sends an event, and says its errors by that.
    static func events(_ body: @escaping @Sendable (EventWriter) async throws -> Void) -> Response {
        var headers: HTTPFields = [.contentType: ServerSentEvent.contentType, .cacheControl: "no-cache"]
        // A proxy that collects the answer would hold the events back.
        headers.set("x-accel-buffering", "no")
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
                let events = EventWriter(continuation)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        defer { continuation.finish() }
                        try await body(events)
                    }
                    group.addTask { try await events.keepAlive() }
                    for await bytes in stream { try await writer.write(bytes) }
                    group.cancelAll()
                }
                try await writer.finish(nil)
            })
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
