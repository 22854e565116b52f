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
    /// Ending the iteration, or cancelling its task, stops the work before the next block of a model.
    public func generateEvents(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        eventStream { report in
            let images = try await self.generate(request) { report(.progress($0)) }
            for (index, image) in images.enumerated() { report(.picture(image, index: index)) }
        }
    }
}
