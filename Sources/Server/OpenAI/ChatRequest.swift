import Imaging
import OmniGen2

/// A request of OpenAI's chat completions as the model takes it.
struct ChatRequest: Sendable {
    let streams: Bool
    /// Whether a stream ends with what was used.
    let includesUsage: Bool
    /// As what a picture is sent, should one be drawn.
    let settings: PictureSettings
    private var options = ChatOptions()
    private var system: String?
    private var past: [Turn] = []
    private var last = Turn()
    /// What the request takes of the server's memory while it waits.
    private let lease: RequestBudget.Lease

    /// A message with its pictures, encoded, and what was answered.
    private struct Turn: Sendable {
        var message: String?
        var images: [PictureInputs.Picture] = []
        var reply = ""
    }

    /// Tokens that the model's own template is made of: a message that has one would be another conversation.
    private static let templateMarks = [
        "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|image_pad|>", "<|video_pad|>", "<|vision_start|>",
        "<|vision_end|>", "<|vision_pad|>", "<|img|>",
    ]

    init(_ content: RequestContent, _ context: SettingsContext, _ pictures: PictureReader) async throws {
        var fields = content.fields
        lease = content.lease
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
        options.picture = settings.request
        options.picture.count = 1
        if streams { options.picture.previewInterval = max(1, settings.request.steps / 8) }
        options.text = try Self.text(&fields, context.limits, seed: settings.request.seed)
        let modalities = try fields.document("modalities")?.array?.compactMap(\.string)
        options.allowsPictures = modalities.map { $0.contains("image") } ?? true
        try await read(messages, pictures, context.limits)
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

    /// The conversation with its pictures decoded.
    func exchange(_ adapters: [Adapter]) throws -> ChatExchange {
        var exchange = ChatExchange()
        (exchange.system, exchange.options, exchange.adapters) = (system, options, adapters)
        exchange.past = try past.map { turn in
            Conversation.PastTurn(
                message: turn.message ?? "", images: try turn.images.map { try Image.decode($0.bytes) },
                reply: turn.reply)
        }
        exchange.message = last.message ?? ""
        exchange.images = try last.images.map { try Image.decode($0.bytes) }
        return exchange
    }

    /// Messages to turns: what comes before the last message is the past.
    private mutating func read(
        _ messages: [JSONValue], _ pictures: PictureReader, _ limits: RequestLimits
    ) async throws {
        // A picture that was drawn goes with the message after it.
        var drawn: PictureInputs.Picture?
        var room = PictureRoom(pictures: Self.maximumPictures, pixels: pictures.checker.room())
        for (index, entry) in messages.enumerated() {
            let role = entry["role"]?.string ?? ""
            let text = try Self.text(entry, index, limits)
            let brought = try await Self.images(entry, index, pictures, &room)
            switch role {
            case "system", "developer":
                guard index == 0 else {
                    throw APIError.invalid("messages[\(index)]: a system message must be the first", "messages")
                }
                system = text
            case "user":
                last.images += (drawn.map { [$0] } ?? []) + brought
                last.message = last.message.map { "\($0)\n\(text)" } ?? text
                drawn = nil
            case "assistant":
                guard last.message != nil else {
                    throw APIError.invalid("messages[\(index)]: a reply must follow a message of the user", "messages")
                }
                last.reply = text
                past.append(last)
                (last, drawn) = (Turn(), brought.last)
            default:
                throw APIError.invalid(
                    "messages[\(index)].role must be system, user or assistant, got '\(role.prefix(40))'", "messages")
            }
        }
        guard let message = last.message else {
            throw APIError.invalid("the last message must be the user's", "messages")
        }
        guard !message.allSatisfy(\.isWhitespace) else {
            throw APIError.invalid("the last message is empty", "messages")
        }
        guard last.images.count <= GenerationRequest.maximumReferences else {
            throw APIError.invalid(
                "a message may have \(GenerationRequest.maximumReferences) pictures, the last one drawn included, got "
                    + "\(last.images.count)", "messages")
        }
    }

    private static let maximumPictures = 20

    /// How many pictures, and pixels, a conversation may still bring.
    private struct PictureRoom {
        var pictures: Int
        var pixels: PictureChecker.Room
    }

    /// The parts of a message's content.
    private static func parts(_ message: JSONValue, _ index: Int) throws(APIError) -> [JSONValue] {
        let content = message["content"]
        let parts = content?.array ?? (content.map { [["type": "text", "text": $0]] } ?? [])
        let all = parts + (message["images"]?.array ?? [])
        let known: Set = ["text", "input_text", "output_text", "image_url", "input_image"]
        if let other = all.first(where: { !known.contains($0["type"]?.string ?? "") }) {
            throw .invalid(
                "messages[\(index)].content has a part of type \(other["type"]?.excerpt ?? "none"); text and image_url are "
                    + "read", "messages")
        }
        return all
    }

    private static func isImage(_ part: JSONValue) -> Bool { part["type"]?.string?.contains("image") == true }

    private static func text(_ message: JSONValue, _ index: Int, _ limits: RequestLimits) throws(APIError) -> String {
        var texts: [String] = []
        for part in try parts(message, index) where !isImage(part) {
            guard let text = part["text"]?.string else {
                throw .invalid("messages[\(index)].content must be text or parts", "messages")
            }
            texts.append(text)
        }
        let text = texts.joined(separator: "\n")
        let count = text.unicodeScalars.count
        guard count <= limits.promptCharacters else {
            throw .invalid(
                "messages[\(index)] has \(count) characters, \(limits.promptCharacters) are allowed", "messages")
        }
        guard !text.utf8.contains(0) else { throw .invalid("messages[\(index)] contains a NUL", "messages") }
        if let mark = templateMarks.first(where: text.contains) {
            throw .invalid("messages[\(index)] contains \(mark), which is the model's own", "messages")
        }
        return text
    }

    private static func images(
        _ message: JSONValue, _ index: Int, _ pictures: PictureReader, _ room: inout PictureRoom
    ) async throws -> [PictureInputs.Picture] {
        let name = "messages[\(index)].content"
        var images: [PictureInputs.Picture] = []
        for part in try parts(message, index) where isImage(part) {
            room.pictures -= 1
            guard room.pictures >= 0 else {
                throw APIError.invalid("a conversation may have \(maximumPictures) pictures", "messages")
            }
            let bytes = try await pictures.bytes(part, name)
            let (picture, rest) = try await pictures.checker.picture(bytes, name, name, room.pixels)
            images.append(picture)
            room.pixels = rest
        }
        return images
    }
}
