import Foundation
import Imaging
import QwenVL
import Testing
import Torch

@testable import OmniGen2

/// The small model answers some messages with text, and others with a picture.
@Suite struct ConversationTests {
    private static let wantsText = "tree sky big red small small"
    private static let wantsPicture = "draw big"

    /// Largest difference of a hidden state, read in turns or at once.
    private static let stateTolerance: Float = 1e-4
    /// What is drawn from such states may round otherwise: by 1 of 255, and seldom.
    private static let (pictureTolerance, shareRoundedOtherwise) = (1, 0.01)

    private static func model() async throws -> OmniGen2 {
        var configuration = OmniGen2.Configuration()
        configuration.precision = .float32
        configuration.device = "cpu"
        return try await OmniGen2(model: PipelineTests.checkpoint, configuration: configuration, for: .text)
    }

    fileprivate static func picture() throws -> Image {
        try Image(
            contentsOf: URL(fileURLWithPath: PipelineTests.checkpoint).deletingLastPathComponent().path
                + "/images/img_56x56_0.png")
    }

    fileprivate static func options(steps: Int = 2, maxTokens: Int = 12) -> ChatOptions {
        var options = ChatOptions()
        options.text.maxTokens = maxTokens
        (options.picture.height, options.picture.width, options.picture.steps) = (32, 48, steps)
        return options
    }

    /// The last hidden states of a message's tokens, and the reply's tokens.
    @Engine
    private static func read(
        _ message: String, in conversation: Conversation, of model: OmniGen2, remembering: Bool
    ) throws -> (states: [Float], ids: [Int], prefilled: Int) {
        let (generator, sampling) = try model.resident.textGenerator()
        let configuration = generator.model.configuration
        let memory = conversation.memory
        let turn = try ChatTurn(message, [], after: memory, generator.tokenizer, configuration)
        let state = remembering ? memory.begin(configuration) : TextState(configuration)
        var hidden: Tensor?
        let made = try generator(turn.prompt, state: state, sampling: sampling, maximumTokens: 8) { hidden = $0 }
        let states = try #require(hidden)
        let rows = states.size(0)
        return (try states.narrowed(0, rows - turn.length..<rows).floats(), made.ids, made.prefilledTokens)
    }

    @Test func aTurnReadsOnlyWhatIsNewAndTheSameComesOut() async throws {
        let model = try await Self.model()
        let conversation = model.conversation()
        let first = try await model.chat(
            Self.wantsText, images: [Self.picture()], in: conversation, options: Self.options())
        #expect(first.text.prefilledTokens == first.text.promptTokens)
        let second = try await model.chat("And now?", in: conversation, options: Self.options())
        #expect(second.text.promptTokens > first.text.promptTokens)
        #expect(second.text.prefilledTokens < second.text.promptTokens - first.text.promptTokens)
        let continued = try await Self.read("red tree", in: conversation, of: model, remembering: true)
        let afresh = try await Self.read("red tree", in: conversation, of: model, remembering: false)
        #expect(continued.prefilled < afresh.prefilled / 2)
        #expect(continued.ids == afresh.ids)
        #expect(continued.states.count == afresh.states.count)
        let difference = zip(continued.states, afresh.states).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference <= Self.stateTolerance)
    }

    @Test func aRestoredConversationIsTheOneThatWasHeld() async throws {
        let model = try await Self.model()
        let held = model.conversation()
        let first = try await model.chat(Self.wantsPicture, in: held, options: Self.options())
        let picture = try #require(first.pictures.first)
        let restored = model.conversation()
        try await model.restore([.init(message: Self.wantsPicture, reply: "")], in: restored)
        let next = try await model.chat("And now?", in: held, options: Self.options())
        let again = try await model.chat("And now?", images: [picture], in: restored, options: Self.options())
        #expect(next.text.text == again.text.text && next.pictures.count == 1 && again.pictures.count == 1)
        let numbers = zip(next.pictures.flatMap(\.pixels), again.pictures.flatMap(\.pixels))
        #expect(numbers.allSatisfy { abs(Int($0) - Int($1)) <= Self.pictureTolerance })
        let others = numbers.count { $0 != $1 }
        #expect(Double(others) <= Self.shareRoundedOtherwise * Double(picture.pixels.count))
        #expect(next.text.promptTokens == again.text.promptTokens)
        // What was said elsewhere has to be read first.
        #expect(next.text.prefilledTokens < again.text.prefilledTokens)
        let told = model.conversation(system: "Be brief.")
        let other = try await model.chat(Self.wantsText, in: told, options: Self.options())
        let usual = try await model.chat(Self.wantsText, in: model.conversation(), options: Self.options())
        #expect(other.text.promptTokens != usual.text.promptTokens)
    }

    @Test func aModelThatMayNotDrawAnswersWithText() async throws {
        let model = try await Self.model()
        var options = Self.options()
        options.allowsPictures = false
        let reply = try await model.chat(Self.wantsPicture, in: model.conversation(), options: options)
        #expect(reply.pictures.isEmpty && !reply.text.asksForPicture && reply.text.replyTokens > 0)
    }

    @Test func aDrawnPictureGoesWithTheNextMessageUnlessItIsDropped() async throws {
        let model = try await Self.model()
        let conversation = model.conversation()
        func say(_ message: String, _ images: [Image] = []) async throws -> ChatReply {
            try await model.chat(message, images: images, in: conversation, options: Self.options())
        }
        let drawn = try await say(Self.wantsPicture)
        let picture = try #require(drawn.pictures.first)
        #expect(drawn.request.references.isEmpty && drawn.text.text.isEmpty)
        #expect(try await say("And now?", [Self.picture()]).request.references == [picture, Self.picture()])
        await conversation.reset()
        Self.expectSame(try await say(Self.wantsPicture), drawn)
        await conversation.dropPicture()
        #expect(try await say("And now?").request.references.isEmpty)
    }

    @Test func theStreamTellsTheSame() async throws {
        let model = try await Self.model()
        for message in [Self.wantsText, Self.wantsPicture] {
            let reply = try await model.chat(message, in: model.conversation(), options: Self.options())
            var (text, draws, steps) = ("", false, 0)
            var finished: [ChatReply] = []
            for try await event in model.chatEvents(message, in: model.conversation(), options: Self.options()) {
                #expect(finished.isEmpty)
                switch event {
                case .text(let piece): text += piece
                case .drawing: draws = true
                case .progress(.step): steps += 1
                case .progress: break
                case .finished(let reply): finished.append(reply)
                }
            }
            #expect(text == reply.text.text && draws == !reply.pictures.isEmpty && steps == (draws ? 2 : 0))
            Self.expectSame(try #require(finished.first), reply)
        }
    }

    /// What a turn that does not end well leaves behind: nothing.
    @Test(arguments: Failure.allCases)
    func aTurnThatFailsLeavesTheConversationAsItWas(failure: Failure) async throws {
        let model = try await Self.model()
        let (conversation, untroubled) = (model.conversation(), model.conversation())
        for each in [conversation, untroubled] {
            _ = try await model.chat(Self.wantsPicture, in: each, options: Self.options())
        }
        try await failure.happen(to: conversation, of: model)
        let next = try await model.chat("And now?", in: conversation, options: Self.options())
        let expected = try await model.chat("And now?", in: untroubled, options: Self.options())
        Self.expectSame(next, expected)
        #expect(next.request.references.count == 1)
    }

    enum Failure: CaseIterable {
        case sixPictures, blank, tooLong, cancelledText, cancelledPicture, leftStream
    }

    /// Everything but what it took: what a failed turn has read need not be read again.
    private static func expectSame(_ reply: ChatReply, _ other: ChatReply) {
        #expect(reply.text.text == other.text.text)
        #expect(reply.text.promptTokens == other.text.promptTokens)
        #expect(reply.text.replyTokens == other.text.replyTokens)
        #expect(reply.pictures == other.pictures && reply.request == other.request)
    }
}

extension ConversationTests.Failure {
    func happen(to conversation: Conversation, of model: OmniGen2) async throws {
        func say(
            _ message: String, _ images: [Image] = [],
            cancelAt isLast: @escaping @Sendable (ChatEvent) -> Bool = { _ in false }
        ) async throws {
            // Work that goes on to the end would take minutes.
            let options = ConversationTests.options(steps: 1000, maxTokens: 10_000)
            let reply = try await model.chat(message, images: images, in: conversation, options: options) { event in
                if isLast(event) { withUnsafeCurrentTask { $0?.cancel() } }
            }
            Issue.record("\(self) is answered with \(reply)")
        }
        switch self {
        case .sixPictures:
            let pictures = Array(repeating: try ConversationTests.picture(), count: 5)
            await #expect(throws: GenerationError.self) { try await say("And now?", pictures) }
        case .blank: await #expect(throws: GenerationError.self) { try await say(" \n") }
        case .tooLong:
            let message = String(repeating: "word ", count: 100_000)
            await #expect(throws: GenerationError.self) { try await say(message) }
        case .cancelledText:
            let task = Task { try await say("what is it") { if case .text = $0 { true } else { false } } }
            await #expect(throws: CancellationError.self) { try await task.value }
        case .cancelledPicture:
            let task = Task { try await say("tree sky") { if case .progress(.step) = $0 { true } else { false } } }
            await #expect(throws: CancellationError.self) { try await task.value }
        case .leftStream:
            let options = ConversationTests.options(steps: 1000)
            for try await _ in model.chatEvents("tree sky", in: conversation, options: options) { break }
        }
    }
}
