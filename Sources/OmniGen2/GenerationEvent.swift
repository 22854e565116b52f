import Imaging

/// What a stream of a generation brings, in order.
public enum GenerationEvent: Sendable {
    /// News of the work.
    case progress(OmniGen2.Progress)
    /// A finished picture, and which of the request's `count` it is.
    case picture(Image, index: Int)
}

extension OmniGen2 {
    /// Draws the pictures of a request as a stream of events; the pictures come last.
    ///
    /// Ending the iteration, or cancelling its task, stops the work after the running step.
    public func events(of request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            let work = Task {
                do {
                    let images = try await generate(request) { continuation.yield(.progress($0)) }
                    for (index, image) in images.enumerated() { continuation.yield(.picture(image, index: index)) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in work.cancel() }
        }
    }
}
