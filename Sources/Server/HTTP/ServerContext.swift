import Hummingbird
import Logging
import NIOCore

/// What is known of a request beside the request: who it is from.
package struct ServerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The peer's address, without its port.
    package let address: String
    private let channel: any Channel
    /// What its log lines and its answer are called by.
    let requestID: String
    /// Whose request it is: the name of its key, or else its address.
    package var client: String

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "local"
        client = address
        channel = source.channel
        requestID = source.logger[metadataKey: "hb.request.id"]?.description ?? Job.newID()
    }
}

extension ServerContext {
    /// Runs something when the client leaves; at once where it has left already.
    func onLeave(_ action: @escaping @Sendable () -> Void) async -> Departure {
        guard let watch = try? await channel.pipeline.handler(type: ConnectionWatch.self).get() else {
            action()
            return Departure {}
        }
        return watch.onLeave(action)
    }
}
