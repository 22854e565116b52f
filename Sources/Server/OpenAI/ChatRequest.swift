import Imaging
import OmniGen2

/// A request of OpenAI's chat completions as the model takes it.
struct ChatRequest: Sendable {
    var exchange = ChatExchange()
    let streams: Bool
    /// Whether a stream ends with what was used.
    let includesUsage: Bool
    /// As what a picture is sent, should one be drawn.
    let settings: PictureSettings

    /// Tokens that the model's own template is made of: a message that has one would be another conversation.
    private static let templateMarks = [
        "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|image_pad|>", "<|video_pad|>", "<|vision_start|>",
        "<|vision_end|>", "<|vision_pad|>", "<|img|>",
    ]

    init(_ fields: inout Fields, _ context: SettingsContext, _ pictures: PictureReader) async throws {
        streams = try fields.bool("stream") ?? false
        includesUsage = try fields.document("stream_options")?["include_usage"]?.bool ?? false
        guard let messages = try fields.document("messages")?.array, !messages.isEmpty else {
            throw APIError.invalid("messages must be an array with at least one message", "messages")
        }
        guard messages.count <= context.limits.messages else {
            throw APIError.invalid(
                "a conversation may have \(context.limits.messages) messages, got \(messages.count)", "messages")
        }
        if let count = try fields.int("n"), count != 1 {
            throw APIError.invalid("n must be 1: a message has one reply, got \(count)", "n")
        }
        fields.assume("size", "auto")
        settings = try PictureSettings(&fields, context)
        exchange.options.picture = settings.request
        exchange.options.picture.count = 1
        exchange.options.text = try Self.text(&fields, context.limits, seed: settings.request.seed)
        let modalities = try fields.document("modalities")?.array?.compactMap(\.string)
        exchange.options.allowsPictures = modalities.map { $0.contains("image") } ?? true
        fields.ignore(
            "model", "user", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs",
            "response_format", "metadata", "store", "service_tier", "parallel_tool_calls")
        try await read(messages, pictures)
    }

    private static func text(_ fields: inout Fields, _ limits: RequestLimits, seed: UInt64) throws -> TextOptions {
        var options = TextOptions()
        options.seed = seed
        options.temperature = try fields.double("temperature")
        options.topP = try fields.double("top_p")
        options.topK = try fields.int("top_k")
        options.repetitionPenalty = try fields.double("repetition_penalty")
        options.maxTokens = try fields.int("max_completion_tokens", "max_tokens") ?? options.maxTokens
        guard (1...limits.replyTokens).contains(options.maxTokens) else {
            throw APIError.invalid(
                "max_tokens must be between 1 and \(limits.replyTokens), got \(options.maxTokens)", "max_tokens")
        }
        if let stop = try fields.document("stop") {
            options.stop = (stop.array ?? [stop]).compactMap(\.string)
            guard options.stop.count <= 4 else { throw APIError.invalid("stop may have 4 strings", "stop") }
        }
        try options.validate()
        return options
    }

    /// Messages to turns: what comes before the last message is the past.
    private mutating func read(_ messages: [JSONValue], _ pictures: PictureReader) async throws {
        var (images, message, drawn): ([Image], String?, Image?) = ([], nil, nil)
        for (index, entry) in messages.enumerated() {
            let role = entry["role"]?.string ?? ""
            let (text, brought) = try await Self.content(entry, index, pictures)
            switch role {
            case "system", "developer":
                guard index == 0 else {
                    throw APIError.invalid("messages[\(index)]: a system message must be the first", "messages")
                }
                exchange.system = text
            case "user":
                if let earlier = message {
                    message = "\(earlier)\n\(text)"
                } else {
                    (message, images) = (text, drawn.map { [$0] } ?? [])
                }
                drawn = nil
                images += brought
            case "assistant":
                guard let said = message else {
                    throw APIError.invalid("messages[\(index)]: a reply must follow a message of the user", "messages")
                }
                exchange.past.append(Conversation.PastTurn(message: said, images: images, reply: text))
                (message, drawn, images) = (nil, brought.last, [])
            default:
                throw APIError.invalid(
                    "messages[\(index)].role must be system, user or assistant, got '\(role.prefix(40))'", "messages")
            }
        }
        guard let message else { throw APIError.invalid("the last message must be the user's", "messages") }
        (exchange.message, exchange.images) = (message, images)
        let count = exchange.images.count + exchange.past.reduce(0) { $0 + $1.images.count }
        guard count <= Self.maximumPictures else {
            throw APIError.invalid(
                "a conversation may have \(Self.maximumPictures) pictures, got \(count)", "messages")
        }
    }

    private static let maximumPictures = 20

    private static func content(
        _ message: JSONValue, _ index: Int, _ pictures: PictureReader
    ) async throws -> (text: String, images: [Image]) {
        var (texts, images): ([String], [Image]) = ([], [])
        let content = message["content"]
        let parts = content?.array ?? (content.map { [["type": "text", "text": $0]] } ?? [])
        for part in parts + (message["images"]?.array ?? []) {
            switch part["type"]?.string {
            case "text", "input_text", "output_text":
                guard let text = part["text"]?.string else {
                    throw APIError.invalid("messages[\(index)].content must be text or parts", "messages")
                }
                texts.append(text)
            case "image_url", "input_image":
                let bytes = try await pictures.bytes(part, "messages[\(index)].content")
                images += try PictureInputs(images: [bytes], mask: nil, pictures.limits).images.map(\.image)
            default:
                throw APIError.invalid(
                    "messages[\(index)].content has a part of type \(part["type"]?.excerpt ?? "none"); text and image_url "
                        + "are read", "messages")
            }
        }
        let text = texts.joined(separator: "\n")
        if let mark = templateMarks.first(where: text.contains) {
            throw APIError.invalid("messages[\(index)] contains \(mark), which is the model's own", "messages")
        }
        return (text, images)
    }
}
