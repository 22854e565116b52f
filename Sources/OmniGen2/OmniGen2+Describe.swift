import Imaging
import QwenVL
import Torch

extension OmniGen2 {
    /// What `describe` asks when the caller does not.
    public static let defaultQuestion = "Describe this image."

    /// Answers a question about pictures.
    ///
    /// The prompt is that of the official chat pipeline. Cancelling the task stops before the next block of a model with
    /// `CancellationError`.
    ///
    /// - Parameters:
    ///   - images: at least one; the question can name them "img1", "img2" and so on.
    ///   - question: what is asked; `nil` is ``defaultQuestion``.
    ///   - options: how the text is drawn.
    ///   - onText: gets the reply as it is made, in whole characters.
    public func describe(
        _ images: [Image], question: String? = nil, options: TextOptions = TextOptions(),
        onText: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> TextReply {
        try options.validate()
        guard !images.isEmpty else { throw GenerationError.invalid("there is no picture to describe") }
        return try await answer(question ?? Self.defaultQuestion, images, options, onText)
    }

    /// The same as a stream, which ends with ``DescriptionEvent/finished(_:)``; leaving it stops the work.
    public func describeEvents(
        _ images: [Image], question: String? = nil, options: TextOptions = TextOptions()
    ) -> AsyncThrowingStream<DescriptionEvent, any Error> {
        eventStream { report in
            report(
                .finished(try await self.describe(images, question: question, options: options) { report(.text($0)) }))
        }
    }

    @Engine
    private func answer(
        _ question: String, _ images: [Image], _ options: TextOptions, _ onText: @Sendable (String) -> Void
    ) throws -> TextReply {
        let (generator, sampling) = try resident.textGenerator()
        let tower = try resident.visionTower()
        let start = ContinuousClock.now
        let features = try images.map { image in
            try Task.checkCancellation()
            return try tower.features(image, device: resident.device)
        }
        let configuration = generator.model.configuration
        let prompt = try ImagePrompt(
            ChatTemplate.chatPrompt(question, imageCount: images.count), images: features, generator.tokenizer,
            configuration)
        let reply = try generator(
            prompt, state: TextState(configuration), sampling: options.sampling(sampling),
            maximumTokens: options.maxTokens, stopStrings: TextGenerator.stopStrings + options.stop, onText: onText)
        return TextReply(reply, generator.tokenizer, since: start)
    }
}

extension TextReply {
    /// What a generator's reply says, made since `start`.
    init(_ reply: GeneratedText, _ tokenizer: Tokenizer, since start: ContinuousClock.Instant) {
        self.init(
            text: reply.text, finishReason: FinishReason(reply.finish),
            asksForPicture: tokenizer.decode(reply.ids).utf8.starts(with: TextGenerator.pictureMark.utf8),
            promptTokens: reply.promptTokens, prefilledTokens: reply.prefilledTokens, replyTokens: reply.ids.count,
            seconds: (ContinuousClock.now - start).seconds)
    }
}

extension TextReply.FinishReason {
    init(_ finish: TextFinish) {
        switch finish {
        case .stopToken: self = .stopToken
        case .stopString: self = .stopString
        case .length: self = .length
        }
    }
}
