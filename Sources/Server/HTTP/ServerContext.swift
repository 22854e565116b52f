import Hummingbird
import Logging
import NIOCore

/// What is known of a request beside the request: who it is from.
package struct ServerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The peer's address, without its port.
    package let address: String
    /// Whose request it is: the name of its key, or else its address.
    package var client: String

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "local"
        client = address
    }
}
