import Layers
import Torch

/// Why a reply ended.
package enum TextFinish: String, Sendable {
    /// A token that ends texts.
    case stopToken
    /// A text that ends texts.
    case stopString
    /// The tokens that were allowed, or that the model can read, are used up.
    case length
}

/// A reply, and what it took.
package struct GeneratedText: Sendable {
    /// New tokens, the one that ended the reply included.
    package let ids: [Int]
    /// Without special tokens, and without the string that ended it.
    package let text: String
    package let finish: TextFinish
    /// Tokens of the prompt, and how many of them were not known from an earlier turn.
    package let promptTokens: Int
    package let prefilledTokens: Int
}

/// Prompt to text, token by token.
///
/// Source: `_sample` of `transformers` 4.51.3, `generation/utils.py`, as `generate_text` of
/// `omnigen2/pipelines/omnigen2/pipeline_omnigen2_chat.py` calls it.
package struct TextGenerator {
    /// What ends a text in the original's chat besides the checkpoint's stop tokens.
    package static let stopStrings = ["<|im_end|>", pictureMark, "<|endoftext|>"]
    /// What the model writes first when it wants to draw.
    package static let pictureMark = "<|img|>"
    /// A longer prompt is read in parts, which take less memory.
    static let tokensAtOnce = 2048
    /// How many new tokens the original's chat allows.
    package static let maximumTokens = 256

    package let model: LanguageModel
    package let tokenizer: Tokenizer
    package let stopTokens: Set<Int>

    package init(_ model: LanguageModel, _ tokenizer: Tokenizer, stopTokens: Set<Int>) {
        self.model = model
        self.tokenizer = tokenizer
        self.stopTokens = stopTokens
    }

    /// - Parameters:
    ///   - state: what the model has read before; of a prompt with the same beginning only the rest is read. Holds
    ///     prompt and reply afterwards.
    ///   - maximumTokens: of the reply.
    ///   - onPrompt: gets the last hidden states of the prompt's tokens that were read now, [prefilled, D].
    ///   - onText: gets the visible text as it comes, in whole characters; may throw to stop.
    /// - Throws: `LanguageModelError.input` for an empty prompt or one longer than the model reads;
    ///   `CancellationError` when the task is cancelled.
    package func callAsFunction(
        _ prompt: ImagePrompt, state: TextState, sampling: TextSampling, maximumTokens: Int = maximumTokens,
        stopStrings: [String] = stopStrings, onPrompt: (Tensor) -> Void = { _ in },
        onText: (String) throws -> Void = { _ in }
    ) throws -> GeneratedText {
        let capacity = model.configuration.maximumTokens
        guard !prompt.ids.isEmpty else { throw LanguageModelError.input("the prompt is empty") }
        guard prompt.ids.count < capacity else {
            throw LanguageModelError.input(
                "the prompt has \(prompt.ids.count) tokens with its pictures, the model reads less than \(capacity)")
        }
        let limit = min(maximumTokens, capacity - prompt.ids.count)
        let known = state.begin(prompt)
        state.cache.reserve(prompt.ids.count + limit)
        let hidden = try read(prompt.embeddings(from: known, model), Array(prompt.positions[known...]), state)
        onPrompt(hidden)
        var scores = try scores(hidden)
        let generator = Generator(seed: sampling.seed)
        var seen = Set(prompt.ids)
        var reply = Reply(stopStrings)
        while reply.ids.count < limit, reply.finish == nil {
            guard let id = sampling.next(scores, seen: seen, generator) else {
                throw LanguageModelError.output(
                    "the model's scores are not numbers: damaged weights, or a type too narrow")
            }
            seen.insert(id)
            let position = state.append(id)
            try reply.append(id, self, onText)
            if reply.finish == nil, reply.ids.count < limit {
                scores = try self.scores(read(model.embed([id]), [position], state))
            }
        }
        try reply.close(onText)
        return GeneratedText(
            ids: reply.ids, text: reply.text, finish: reply.finish ?? .length, promptTokens: prompt.ids.count,
            prefilledTokens: prompt.ids.count - known)
    }

    /// Last hidden states of tokens that continue the state, [L, D].
    private func read(
        _ embeddings: Tensor, _ positions: [MultimodalPosition], _ state: TextState
    ) throws -> Tensor {
        let count = embeddings.size(0)
        var parts: [Tensor] = []
        for start in stride(from: 0, to: count, by: Self.tokensAtOnce) {
            try Task.checkCancellation()
            let range = start..<min(start + Self.tokensAtOnce, count)
            let tokens = PackedTokens(try embeddings.narrowed(0, range), lengths: [range.count])
            parts.append(try model(tokens, Array(positions[range]), cache: state.cache).tokens)
        }
        return try Tensor.concatenated(parts, 0)
    }

    /// Scores of the token after the last of these.
    private func scores(_ hidden: Tensor) throws -> [Float] {
        let count = hidden.size(0)
        return try model.logits(hidden.narrowed(0, count - 1..<count)).floats()
    }
}

/// A reply in the making.
private struct Reply {
    private(set) var ids: [Int] = []
    private(set) var text = ""
    private(set) var finish: TextFinish?
    private var stopStrings: StopStrings
    private var characters = UTF8Stream()

    init(_ stopStrings: [String]) { self.stopStrings = StopStrings(stopStrings) }

    mutating func append(_ id: Int, _ generator: TextGenerator, _ onText: (String) throws -> Void) throws {
        ids.append(id)
        let tokenizer = generator.tokenizer
        let ends = generator.stopTokens.contains(id)
        let (bytes, stops) = stopStrings.append(
            tokenizer.bytes(of: id), visible: !ends && !tokenizer.isSpecial(id))
        finish = ends ? .stopToken : stops ? .stopString : nil
        try emit(characters.append(bytes), onText)
    }

    /// Hands out what was held back.
    mutating func close(_ onText: (String) throws -> Void) throws {
        try emit(characters.append(stopStrings.finish()) + characters.finish(), onText)
    }

    private mutating func emit(_ piece: String, _ onText: (String) throws -> Void) throws {
        guard !piece.isEmpty else { return }
        text += piece
        try onText(piece)
    }
}
