import Imaging
import QwenVL
import Torch

/// How a turn of a conversation is made.
public struct ChatOptions: Sendable, Equatable {
    /// How text is drawn.
    public var text = TextOptions()
    /// How a picture is drawn, should the model choose to: everything but the prompt and the references, which are the
    /// message's.
    public var picture = GenerationRequest(prompt: "")
    /// Whether the model may choose to draw; otherwise it answers with text.
    public var allowsPictures = true

    /// Everything as in the original's `inference_chat.py`.
    public init() {}
}

/// What happens while a turn is made.
public enum ChatEvent: Sendable {
    /// More of the reply's text, in whole characters.
    case text(String)
    /// The model has chosen to draw; no text comes.
    case drawing
    /// News of a picture.
    case progress(OmniGen2.Progress)
    /// The turn is complete.
    case finished(ChatReply)
}

/// A turn's outcome: text, or a picture.
public struct ChatReply: Sendable, Equatable {
    /// The text, and what it took.
    public let text: TextReply
    /// The pictures, if the model chose to draw.
    public let pictures: [Image]
    /// What was drawn, or would have been: the message as its prompt, and as its references the message's pictures, that
    /// of the last turn first.
    public let request: GenerationRequest
}

extension OmniGen2 {
    /// Begins a conversation.
    ///
    /// - Parameter system: what the model is told before all turns; `nil` is what the official chat says.
    public func conversation(system: String? = nil) -> Conversation { Conversation(system: system) }

    /// Adds turns that were made elsewhere: what is known of a conversation where only its text and pictures were kept.
    ///
    /// - Parameters:
    ///   - turns: the oldest first.
    ///   - conversation: what was said before them.
    public func restore(_ turns: [Conversation.PastTurn], in conversation: Conversation) async throws {
        try await remember(turns, conversation)
    }

    @Engine
    private func remember(_ turns: [Conversation.PastTurn], _ conversation: Conversation) throws {
        guard !turns.isEmpty else { return }
        let tokenizer = try resident.promptEncoder().tokenizer
        for turn in turns {
            let features = try turn.images.map { image in
                try Task.checkCancellation()
                return try resident.visionTower().features(image, device: resident.device)
            }
            try conversation.memory.remember(turn, features, tokenizer)
        }
    }

    /// Sends a message and waits for the reply: text, or a picture, as the model chooses.
    ///
    /// A picture drawn in one turn goes with the next message, before that message's own pictures, unless
    /// ``Conversation/dropPicture()`` takes it out. The first turn gives what the official chat pipeline gives.
    /// - Parameters:
    ///   - message: what is said.
    ///   - images: pictures that go with the message; at most five with the one of the last turn.
    ///   - conversation: what was said before, of this model; the turn is added to it.
    ///   - options: how text and pictures are drawn.
    ///   - onEvent: gets the text as it comes, and the progress of a picture.
    /// - Throws: `CancellationError` when the task is cancelled; the conversation is then as it was before.
    public func chat(
        _ message: String, images: [Image] = [], in conversation: Conversation, options: ChatOptions = ChatOptions(),
        onEvent: @escaping @Sendable (ChatEvent) -> Void = { _ in }
    ) async throws -> ChatReply {
        try options.text.validate()
        guard !message.allSatisfy(\.isWhitespace) else { throw GenerationError.invalid("the message is empty") }
        do {
            return try await turn(message, images, conversation, options, onEvent)
        } catch LanguageModelError.input(let reason) {
            throw GenerationError.invalid(reason)
        }
    }

    /// The same as a stream, which ends with ``ChatEvent/finished(_:)``; leaving it stops the work.
    public func chatEvents(
        _ message: String, images: [Image] = [], in conversation: Conversation, options: ChatOptions = ChatOptions()
    ) -> AsyncThrowingStream<ChatEvent, any Error> {
        eventStream { report in
            let reply = try await self.chat(
                message, images: images, in: conversation, options: options, onEvent: report)
            report(.finished(reply))
        }
    }

    @Engine
    private func turn(
        _ message: String, _ images: [Image], _ conversation: Conversation, _ options: ChatOptions,
        _ onEvent: @Sendable (ChatEvent) -> Void
    ) throws -> ChatReply {
        let memory = conversation.memory
        var request = options.picture
        request.prompt = message
        request.references = (memory.nextPicture.map { [$0] } ?? []) + images
        try request.validate()
        // 1. Pictures to features.
        let start = ContinuousClock.now
        let (generator, sampling) = try resident.textGenerator()
        let features = try request.references.map { image in
            try Task.checkCancellation()
            return try resident.visionTower().features(image, device: resident.device)
        }
        // 2. Text, from what the model remembers.
        let configuration = generator.model.configuration
        var turn = try ChatTurn(message, features, after: memory, generator.tokenizer, configuration)
        var hidden: Tensor?
        var drawn = options.text.sampling(sampling)
        if !options.allowsPictures { drawn.excluded = Set(generator.tokenizer.encode(TextGenerator.pictureMark)) }
        let made = try generator(
            turn.prompt, state: memory.begin(configuration), sampling: drawn,
            maximumTokens: options.text.maxTokens, stopStrings: TextGenerator.stopStrings + options.text.stop,
            onPrompt: { hidden = $0 }, onText: { onEvent(.text($0)) })
        if let hidden { try turn.read(hidden) }
        let reply = TextReply(made, generator.tokenizer, since: start)
        // 3. A picture, if the text begins with its mark.
        var pictures: [Image] = []
        if reply.asksForPicture {
            onEvent(.drawing)
            let negative = request.textGuidance > 1 ? request.negativePrompt : nil
            let states = try turn.pictureStates(negativePrompt: negative, resident.promptEncoder())
            pictures = try draw(request, text: states) { onEvent(.progress($0)) }
        }
        memory.commit(turn, reply: made.history(generator.tokenizer), picture: pictures.last)
        return ChatReply(text: reply, pictures: pictures, request: request)
    }
}

extension GeneratedText {
    /// The reply's tokens as the next turn reads them, without the end that the template writes itself.
    fileprivate func history(_ tokenizer: Tokenizer) -> [Int] {
        let ends = ["<|im_end|>", "<|endoftext|>"].flatMap { tokenizer.encode($0) }
        return Array(ids.last.map(ends.contains) == true ? ids.dropLast() : ids[...])
    }
}
