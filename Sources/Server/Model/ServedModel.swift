import OmniGen2

/// What a server needs of a model; ``OmniGen2`` is one.
package protocol ServedModel: Sendable {
    /// Draws the pictures of a request with these adapters and no others.
    func draw(
        _ request: GenerationRequest, adapters: [Adapter], progress: @escaping @Sendable (OmniGen2.Progress) -> Void
    ) async throws -> [Image]

    /// Answers the last message of a conversation.
    func reply(_ chat: ChatExchange, onEvent: @escaping @Sendable (ChatEvent) -> Void) async throws -> ChatReply
}

/// A conversation up to a message that waits for its reply.
package struct ChatExchange: Sendable {
    /// What the model is told to be; `nil` is what the official chat says.
    package var system: String?
    package var past: [Conversation.PastTurn] = []
    package var message = ""
    package var images: [Image] = []
    package var options = ChatOptions()
    package var adapters: [Adapter] = []

    package init() {}
}

/// The model, and the adapters it draws with at the moment, which the queue lets one caller at a time use.
package actor LoadedModel: ServedModel {
    private let model: OmniGen2
    private var adapters: [Adapter] = []
    private var remembered = RememberedConversations()

    package init(_ model: OmniGen2) { self.model = model }

    private func use(_ adapters: [Adapter]) async throws {
        guard adapters != self.adapters else { return }
        try await model.setAdapters(adapters)
        self.adapters = adapters
    }

    package func draw(
        _ request: GenerationRequest, adapters: [Adapter], progress: @escaping @Sendable (OmniGen2.Progress) -> Void
    ) async throws -> [Image] {
        try await use(adapters)
        return try await model.generate(request, progress: progress)
    }

    package func reply(
        _ chat: ChatExchange, onEvent: @escaping @Sendable (ChatEvent) -> Void
    ) async throws -> ChatReply {
        try await use(chat.adapters)
        let conversation = try await conversation(chat)
        do {
            let reply = try await model.chat(
                chat.message, images: chat.images, in: conversation, options: chat.options, onEvent: onEvent)
            let turn = Conversation.PastTurn(message: chat.message, images: chat.images, reply: reply.text.text)
            remembered.keep(conversation, system: chat.system, turns: chat.past + [turn])
            return reply
        } catch {
            // The turn that failed is not in it.
            remembered.keep(conversation, system: chat.system, turns: chat.past)
            throw error
        }
    }

    /// What was said before: where the model has just read it, without reading it again.
    private func conversation(_ chat: ChatExchange) async throws -> Conversation {
        if let conversation = remembered.take(system: chat.system, turns: chat.past) {
            // The client sends the picture of the last turn itself.
            await conversation.dropPicture()
            return conversation
        }
        let conversation = model.conversation(system: chat.system)
        try await model.restore(chat.past, in: conversation)
        return conversation
    }
}
