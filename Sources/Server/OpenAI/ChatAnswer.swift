import Imaging
import OmniGen2

/// A reply in the words of OpenAI's chat completions.
struct ChatAnswer: Sendable {
    let id: String
    let model: String
    let settings: PictureSettings
    private let created = Int(Clock.now)

    init(id: String, model: String, settings: PictureSettings) {
        (self.id, self.model, self.settings) = (id, model, settings)
    }

    /// The whole reply.
    func completion(_ reply: ChatReply) throws -> JSONValue {
        var message: JSONValue = ["role": "assistant", "content": .string(reply.text.text), "refusal": nil]
        if !reply.pictures.isEmpty { message["images"] = try images(reply) }
        return [
            "id": .string(id), "object": "chat.completion", "created": .int(created), "model": .string(model),
            "choices": [
                [
                    "index": 0, "message": message, "logprobs": nil, "finish_reason": .string(Self.reason(reply)),
                ]
            ],
            "usage": Self.usage(reply),
        ]
    }

    private func images(_ reply: ChatReply) throws -> JSONValue {
        var drawn = settings
        drawn.request = reply.request
        return .array(
            try reply.pictures.map { picture in
                let text = [(key: "parameters", value: drawn.infotext(picture, model: model))]
                let bytes = try settings.output.encode(picture, text: text)
                let url = DataURL.text(bytes, mediaType: settings.output.mediaType)
                return ["type": "image_url", "image_url": ["url": .string(url)]]
            })
    }

    /// A piece of a streamed reply.
    func chunk(_ delta: JSONValue, finish: String? = nil) -> JSONValue {
        [
            "id": .string(id), "object": "chat.completion.chunk", "created": .int(created), "model": .string(model),
            "choices": [["index": 0, "delta": delta, "logprobs": nil, "finish_reason": JSONValue(finish)]],
        ]
    }

    /// What a stream says of an event; the progress of a picture stands beside an empty piece.
    func chunk(_ event: ChatEvent, _ progress: inout ChatProgress) -> JSONValue? {
        var news: JSONValue = [:]
        switch event {
        case .text(let text): return chunk(["content": .string(text)])
        case .drawing:
            progress.begin()
            news["drawing"] = true
        case .progress(.step(let step, let steps)):
            let seconds = progress.secondsPerStep(step)
            news = JobProgress(step: step, steps: steps, secondsPerStep: seconds).json
        case .progress(.preview(let image, let step)):
            guard let bytes = try? image.pngData() else { return nil }
            news["step"] = .int(step)
            news["b64_json"] = .string(bytes.base64)
        case .progress, .finished: return nil
        }
        var piece = chunk([:])
        piece["omnigen2"] = news
        return piece
    }

    /// The last pieces of a stream.
    func ending(_ reply: ChatReply, includesUsage: Bool) throws -> [JSONValue] {
        var pieces: [JSONValue] = []
        if !reply.pictures.isEmpty { pieces.append(chunk(["images": try images(reply)])) }
        pieces.append(chunk([:], finish: Self.reason(reply)))
        if includesUsage {
            var last = chunk([:])
            last["choices"] = []
            last["usage"] = Self.usage(reply)
            pieces.append(last)
        }
        return pieces
    }

    private static func reason(_ reply: ChatReply) -> String { reply.text.finishReason == .length ? "length" : "stop" }

    private static func usage(_ reply: ChatReply) -> JSONValue {
        let (prompt, made) = (reply.text.promptTokens, reply.text.replyTokens)
        return [
            "prompt_tokens": .int(prompt), "completion_tokens": .int(made), "total_tokens": .int(prompt + made),
        ]
    }
}
