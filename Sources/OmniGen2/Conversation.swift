import Imaging
import QwenVL
import Torch

/// A conversation with a model: what was said, the pictures in it, and what the language model remembers of both.
///
/// Made by ``OmniGen2/conversation(system:)``; each ``OmniGen2/chat(_:images:in:options:onEvent:)`` adds a turn. A turn that
/// fails or is cancelled leaves the conversation as it was.
public final class Conversation: Sendable {
    @Engine let memory: Memory

    init(system: String?) { memory = Memory(ChatTemplate.systemTurn(system ?? ChatTemplate.imageSystemPrompt)) }

    /// A turn that was made elsewhere: a message, and what was answered.
    public struct PastTurn: Sendable, Equatable {
        /// What was said.
        public var message: String
        /// The pictures that went with it; a picture drawn in the turn before is the first.
        public var images: [Image]
        /// What was answered; empty where a picture was drawn.
        public var reply: String

        /// A turn.
        public init(message: String, images: [Image] = [], reply: String) {
            (self.message, self.images, self.reply) = (message, images, reply)
        }
    }

    /// Forgets everything.
    public func reset() async { await forget() }

    @Engine private func forget() { memory.reset() }

    /// Takes the last drawn picture out of the next message.
    public func dropPicture() async { await drop() }

    @Engine private func drop() { memory.nextPicture = nil }

    /// What only the engine touches.
    @Engine
    final class Memory {
        /// Tokens of all turns, the last reply included, and the features of their pictures.
        private(set) var ids: [Int] = []
        private(set) var features: [ImageFeatures] = []
        private var state: TextState?
        /// States of the system prompt's tokens, which stand before every turn.
        private(set) var systemStates: Tensor?
        /// A drawn picture, which goes with the next message.
        var nextPicture: Image?
        /// What the model is told before all turns.
        let systemTurn: String

        nonisolated init(_ systemTurn: String) { self.systemTurn = systemTurn }

        func reset() {
            (ids, features, state, systemStates, nextPicture) = ([], [], nil, nil, nil)
        }

        /// The state to go on from, without what a turn that failed may have left in it.
        func begin(_ configuration: LanguageModelConfiguration) -> TextState {
            let state = self.state ?? TextState(configuration)
            state.truncate(to: ids.count)
            self.state = state
            return state
        }

        /// Takes over a turn that was made elsewhere.
        func remember(_ turn: PastTurn, _ images: [ImageFeatures], _ tokenizer: Tokenizer) throws {
            let reply = turn.reply.isEmpty ? TextGenerator.pictureMark : turn.reply
            ids =
                history(tokenizer)
                + (try ImagePrompt.ids(
                    ChatTemplate.chatTurn(turn.message, imageCount: images.count), images: images, tokenizer))
                + tokenizer.encode(reply)
            features += images
        }

        /// What stands before the next turn.
        func history(_ tokenizer: Tokenizer) -> [Int] {
            ids.isEmpty ? tokenizer.encode(systemTurn) : ids + tokenizer.encode(ChatTemplate.replyEnd + "\n")
        }

        /// Takes a finished turn over.
        func commit(_ turn: ChatTurn, reply: [Int], picture: Image?) {
            ids = turn.prompt.ids + reply
            features = turn.prompt.images
            systemStates = turn.systemStates
            nextPicture = picture
        }
    }
}

/// One message and its reply in the making.
@Engine
struct ChatTurn {
    let prompt: ImagePrompt
    /// How many tokens of the prompt are this turn's, and the system prompt's.
    let length, systemLength: Int
    /// States of the system prompt, and of this turn's tokens, once the prompt is read.
    private(set) var systemStates: Tensor?
    private(set) var states: Tensor?

    /// Renders a message behind what was said before.
    ///
    /// - Parameter images: features of the message's pictures.
    init(
        _ message: String, _ images: [ImageFeatures], after memory: Conversation.Memory, _ tokenizer: Tokenizer,
        _ configuration: LanguageModelConfiguration
    ) throws {
        let turn = try ImagePrompt.ids(
            ChatTemplate.chatTurn(message, imageCount: images.count), images: images, tokenizer)
        prompt = try ImagePrompt(
            ids: memory.history(tokenizer) + turn, images: memory.features + images, configuration)
        length = turn.count
        systemLength = tokenizer.encode(memory.systemTurn).count
        systemStates = memory.systemStates
    }

    /// Takes the states [L, D] of the prompt's newly read tokens.
    mutating func read(_ hidden: Tensor) throws {
        let count = hidden.size(0)
        states = try hidden.narrowed(0, max(0, count - length)..<count)
        if systemStates == nil { systemStates = try hidden.narrowed(0, 0..<min(systemLength, max(0, count - length))) }
    }

    /// What a picture reads: the system prompt and this turn. Earlier turns reach it through the attention of these,
    /// and on the first turn there are none, as in the original.
    func pictureStates(negativePrompt: String?, _ encoder: PromptEncoder) throws -> Pipeline.TextStates {
        guard let systemStates, let states else {
            throw GenerationError.invalid("the prompt of this turn was not read")
        }
        let ids = Array(prompt.ids.prefix(systemStates.size(0)) + prompt.ids.suffix(length))
        return try ChatStates.states(
            Tensor.concatenated([systemStates, states], 0), ids: ids, negativePrompt: negativePrompt, encoder)
    }
}
