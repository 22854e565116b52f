import HTTPTypes
import Hummingbird
import OmniGen2

/// `POST /v1/chat/completions`: text and pictures in, text or a picture out.
struct ChatRoutes {
    let runner: JobRunner
    let gate: ModelGate
    let pictures: PictureReader
    let limits: RequestLimits
    let modelName: String

    func add(to router: RouterGroup<ServerContext>) { router.post("v1/chat/completions", use: reply) }

    @Sendable private func reply(_ request: Request, _ context: ServerContext) async throws -> Response {
        guard await !runner.isClosed else { throw APIError.draining }
        var content = try await RequestContent(request, limits)
        let chat = try await ChatRequest(&content.fields, runner.settings, pictures)
        let ticket = try await runner.queue.enter(context.client)
        let answer = ChatAnswer(id: "chatcmpl-\(Job.newID())", model: modelName, settings: chat.settings)
        guard !chat.streams else {
            return .events(for: context) { writer in try await stream(chat, answer, ticket, writer) }
        }
        let reply = try await context.whileConnected { try await run(chat, ticket) { _ in } }
        return .json(try answer.completion(reply))
    }

    private func run(
        _ chat: ChatRequest, _ ticket: FairQueue.Ticket, _ onEvent: @escaping @Sendable (ChatEvent) -> Void
    ) async throws -> ChatReply {
        var exchange = chat.exchange
        exchange.adapters = chat.settings.adapters.compactMap { adapter in
            runner.settings.adapters[adapter.name].map { Adapter(path: $0, scale: adapter.scale) }
        }
        return try await runner.queue.run(ticket) { [exchange] in
            try await gate.model.reply(exchange, onEvent: onEvent)
        }
    }

    private func stream(
        _ chat: ChatRequest, _ answer: ChatAnswer, _ ticket: FairQueue.Ticket, _ writer: EventWriter
    ) async throws {
        writer.send(nil, answer.chunk(["role": "assistant", "content": ""]))
        let began = ContinuousClock.now
        do {
            let reply = try await run(chat, ticket) { event in
                if let chunk = answer.chunk(event, since: began) { writer.send(nil, chunk) }
            }
            for chunk in try answer.ending(reply, includesUsage: chat.includesUsage) { writer.send(nil, chunk) }
        } catch {
            writer.send(nil, APIError(error).json)
        }
        writer.send(ServerSentEvent(data: "[DONE]"))
    }
}
