import QwenVL

/// How a reply is drawn from the model's scores; `nil` is what the checkpoint says, as in the original's chat.
public struct TextOptions: Sendable, Equatable {
    /// How evenly tokens are drawn; 0 takes the best. The published checkpoint says 1e-6.
    public var temperature: Double?
    /// How many of the best tokens may be drawn; 0 is all. The published checkpoint says 50.
    public var topK: Int?
    /// Probability that the tokens to draw from hold together; 1 is all. The published checkpoint says 1.
    public var topP: Double?
    /// What tokens that stood before lose; 1 is nothing. The published checkpoint says 1.05.
    public var repetitionPenalty: Double?
    /// Seed of the draws. Only its low 32 bits matter.
    public var seed: UInt64 = 0
    /// How many tokens a reply may have.
    public var maxTokens = TextOptions.defaultMaxTokens
    /// Strings that end a reply, besides the model's own; they are cut off.
    public var stop: [String] = []

    /// What the original's chat allows.
    public static let defaultMaxTokens = TextGenerator.maximumTokens

    /// Everything as in the original's chat.
    public init() {}

    /// - Throws: `GenerationError.invalid` naming the first value no reply can be drawn with.
    public func validate() throws(GenerationError) {
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(GenerationError) {
            if !condition { throw .invalid(message()) }
        }
        if let temperature {
            try require(temperature.isFinite && temperature >= 0, "temperature must be 0 or more, got \(temperature)")
        }
        if let topK { try require(topK >= 0, "top-k must be 0 or more, got \(topK)") }
        if let topP { try require(topP > 0 && topP <= 1, "top-p must be above 0 and at most 1, got \(topP)") }
        if let repetitionPenalty {
            try require(
                repetitionPenalty.isFinite && repetitionPenalty > 0,
                "the repetition penalty must be above 0, got \(repetitionPenalty)")
        }
        try require(maxTokens > 0, "max tokens must be positive, got \(maxTokens)")
        try require(!stop.contains(""), "a stop string is empty")
    }

    /// What the options leave open is taken from the checkpoint.
    func sampling(_ checkpoint: TextSampling) -> TextSampling {
        TextSampling(
            temperature: temperature ?? checkpoint.temperature, topK: topK ?? checkpoint.topK,
            topP: topP ?? checkpoint.topP, repetitionPenalty: repetitionPenalty ?? checkpoint.repetitionPenalty,
            seed: seed)
    }
}

/// What the model said.
public struct TextReply: Sendable, Equatable {
    /// Why a reply ended.
    public enum FinishReason: String, Sendable {
        /// The model ended it.
        case stopToken
        /// A stop string came.
        case stopString
        /// The tokens that were allowed, or that the model can read, were used up.
        case length
    }

    /// The reply, without special tokens and without the string that ended it.
    public let text: String
    /// Why it ended.
    public let finishReason: FinishReason
    /// Whether the model began to draw instead of answering; then the text is empty.
    public let asksForPicture: Bool
    /// Tokens of the prompt, pictures included.
    public let promptTokens: Int
    /// Tokens of the prompt that had to be read; the others were known from an earlier turn.
    public let prefilledTokens: Int
    /// Tokens of the reply.
    public let replyTokens: Int
    /// How long it took, from the pictures to the last token.
    public let seconds: Double
}

/// What happens while a reply is made.
public enum DescriptionEvent: Sendable, Equatable {
    /// More of the text, in whole characters.
    case text(String)
    /// The reply is complete.
    case finished(TextReply)
}
