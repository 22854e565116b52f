import NIOCore
import NIOHTTPTypes
import Synchronization

/// Stands in the pipeline of each connection and notices when the client leaves, whatever the server is waiting for.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = HTTPRequestPart

    private struct State {
        var isGone = false
        var count = 0
        var listeners: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        let listeners = state.withLock { state in
            state.isGone = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener() }
    }

    /// Runs work for the client, which is cancelled when the client leaves.
    func whileConnected<R: Sendable>(_ work: @escaping @Sendable () async throws -> R) async throws -> R {
        let task = Task { try await work() }
        let number = state.withLock { state -> Int? in
            guard !state.isGone else { return nil }
            state.count += 1
            state.listeners[state.count] = { task.cancel() }
            return state.count
        }
        if number == nil { task.cancel() }
        defer { if let number { state.withLock { _ = $0.listeners.removeValue(forKey: number) } } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
