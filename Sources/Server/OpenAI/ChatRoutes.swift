import HTTPTypes
import Hummingbird
import OmniGen2

/// `POST /v1/chat/completions`: text and pictures in, text or a picture out.
struct ChatRoutes {
    let chats: ChatRunner
    let settings: SettingsContext
    let pictures: PictureReader
    let reader: RequestReader
    let modelName: String

    func add(to router: RouterGroup<ServerContext>) { router.post("v1/chat/completions", use: reply) }

    @Sendable private func reply(_ request: Request, _ context: ServerContext) async throws -> Response {
        let chat = try await ChatRequest(reader.content(request), settings, pictures)
        let work = try await chats.begin(chat, client: context.client)
        // From here on, and not only while an answer is written: the client may be gone already.
        let departure = await context.onLeave { work.cancel() }
        let answer = ChatAnswer(id: "chatcmpl-\(Job.newID())", model: modelName, settings: chat.settings)
        guard !chat.streams else {
            return .events { writer in
                defer { departure.dismiss() }
                await stream(work, answer, writer, includesUsage: chat.includesUsage)
            }
        }
        defer { departure.dismiss() }
        for try await event in work.events {
            if case .finished(let reply) = event { return .json(try answer.completion(reply)) }
        }
        throw CancellationError()
    }

    private func stream(
        _ work: ChatRunner.Work, _ answer: ChatAnswer, _ writer: EventWriter, includesUsage: Bool
    ) async {
        writer.send(nil, answer.chunk(["role": "assistant", "content": ""]))
        var progress = ChatProgress()
        do {
            for try await event in work.events {
                if case .finished(let reply) = event {
                    for chunk in try answer.ending(reply, includesUsage: includesUsage) { writer.send(nil, chunk) }
                } else if let chunk = answer.chunk(event, &progress) {
                    writer.send(nil, chunk)
                }
            }
        } catch {
            writer.send(nil, APIError(error).json)
        }
        work.cancel()
        writer.send(ServerSentEvent(data: "[DONE]"))
    }
}
