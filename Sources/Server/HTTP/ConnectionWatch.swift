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

    /// Runs something once when the client leaves, at once if it has left.
    ///
    /// - Returns: what ends the watch: the connection may serve other requests.
    func onLeave(_ action: @escaping @Sendable () -> Void) -> Departure {
        let number = state.withLock { state -> Int? in
            guard !state.isGone else { return nil }
            state.count += 1
            state.listeners[state.count] = action
            return state.count
        }
        guard let number else {
            action()
            return Departure {}
        }
        return Departure { [weak self] in self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) } }
    }
}

/// The watch for one request's client.
struct Departure: Sendable {
    /// Ends it.
    let dismiss: @Sendable () -> Void
}
