import Foundation
import Layers
import Testing
import Torch

@testable import QwenVL

@Suite struct TextGeneratorTests {
    private static let processor = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/goldens/omnigen2-tiny/processor").path
    private static let sampling = TextSampling(temperature: 1, topK: 200, repetitionPenalty: 1.05, seed: 5)

    private static func generator(
        maximumTokens: Int = 1000, stopTokens: Set<Int> = []
    ) throws -> TextGenerator {
        let tokenizer = try Tokenizer(folder: processor)
        let imageToken = try #require(tokenizer.id(of: ChatTemplate.imagePad))
        return TextGenerator(
            try SmallLanguageModel.make(maximumTokens: maximumTokens, vocabulary: 2023, imageToken: imageToken),
            tokenizer, stopTokens: stopTokens)
    }

    private static func prompt(_ text: String, _ generator: TextGenerator) throws -> ImagePrompt {
        try ImagePrompt(text, generator.tokenizer, generator.model.configuration)
    }

    @Test func aReplyTakesItsMemoryAtItsStart() async throws {
        try await withEngine {
            let generator = try Self.generator()
            let prompt = try Self.prompt("Hello", generator)
            let state = TextState(generator.model.configuration)
            var capacities: Set<Int> = []
            let reply = try generator(
                prompt, state: state, sampling: Self.sampling, maximumTokens: 600, stopStrings: [],
                onPrompt: { _ in capacities.insert(state.cache.capacity) })
            capacities.insert(state.cache.capacity)
            #expect(reply.ids.count == 600 && capacities == [prompt.ids.count + 600])
        }
    }

    @Test func piecesJoinToTheTextOfTheTokens() async throws {
        try await withEngine {
            let generator = try Self.generator()
            var pieces: [String] = []
            let reply = try generator(
                Self.prompt("Hello", generator), state: TextState(generator.model.configuration),
                sampling: Self.sampling, maximumTokens: 60, stopStrings: [],
                onText: { pieces.append($0) })
            #expect(reply.ids.count == 60 && reply.finish == .length)
            #expect(pieces.joined() == reply.text)
            #expect(reply.text == generator.tokenizer.decode(reply.ids, skipSpecialTokens: true))
            #expect(!pieces.contains(""))
        }
    }

    @Test func aSecondTurnReadsOnlyWhatIsNewAndSaysTheSame() async throws {
        try await withEngine {
            let generator = try Self.generator()
            let state = TextState(generator.model.configuration)
            let first = try generator(
                Self.prompt("Hello", generator), state: state, sampling: Self.sampling, maximumTokens: 8)
            #expect(first.prefilledTokens == first.promptTokens)
            let text = "Hello" + generator.tokenizer.decode(first.ids) + " and more"
            let prompt = try Self.prompt(text, generator)
            let shared = zip(prompt.ids, state.ids).prefix { $0 == $1 }.count
            let second = try generator(prompt, state: state, sampling: Self.sampling, maximumTokens: 8)
            #expect(second.prefilledTokens == prompt.ids.count - min(shared, first.promptTokens + 7))
            #expect(second.prefilledTokens < prompt.ids.count)
            let fresh = try generator(
                prompt, state: TextState(generator.model.configuration), sampling: Self.sampling, maximumTokens: 8)
            #expect(second.ids == fresh.ids)
            // The same prompt once more: one token must be read to have scores.
            let again = try generator(prompt, state: state, sampling: Self.sampling, maximumTokens: 8)
            #expect(again.prefilledTokens == 1 && again.ids == fresh.ids)
        }
    }

    @Test func anotherPictureIsReadAnew() async throws {
        try await withEngine {
            let generator = try Self.generator()
            func features(_ seed: UInt64) throws -> ImageFeatures {
                let tokens = try Tensor(Generator(seed: seed).randn(6 * 48), [6, 48])
                return ImageFeatures(tokens: tokens, grid: PatchGrid(rows: 2, columns: 3))
            }
            let state = TextState(generator.model.configuration)
            func reply(_ image: ImageFeatures) throws -> GeneratedText {
                let prompt = try ImagePrompt(
                    "See \(ChatTemplate.imagePad) now", images: [image], generator.tokenizer,
                    generator.model.configuration)
                return try generator(prompt, state: state, sampling: .greedy, maximumTokens: 2)
            }
            let (one, other) = (try features(1), try features(2))
            let first = try reply(one)
            #expect(try reply(one).prefilledTokens == 1)
            #expect(try reply(other).prefilledTokens == first.promptTokens - generator.tokenizer.encode("See ").count)
        }
    }

    @Test func aLongPromptIsReadInPartsToTheSameEnd() async throws {
        try await withEngine {
            let generator = try Self.generator(maximumTokens: 4000)
            let words = (0..<900).map { "\($0 * 7 % 100)" }.joined(separator: " ")
            let prompt = try Self.prompt(words, generator)
            let count = prompt.ids.count
            #expect(count > TextGenerator.tokensAtOnce)
            let reply = try generator(
                prompt, state: TextState(generator.model.configuration), sampling: .greedy, maximumTokens: 1,
                stopStrings: [])
            let hidden = try generator.model(
                PackedTokens(prompt.embeddings(generator.model), lengths: [count]), prompt.positions
            ).tokens
            let scores = try generator.model.logits(hidden.narrowed(0, count - 1..<count)).floats()
            #expect(reply.ids == [scores.indices.max { scores[$0] < scores[$1] }])
        }
    }

    @Test func stopTokensAndStopStringsEndTheReply() async throws {
        try await withEngine {
            let generator = try Self.generator()
            func reply(_ stopTokens: Set<Int>, _ stopStrings: [String]) throws -> GeneratedText {
                let generator = TextGenerator(generator.model, generator.tokenizer, stopTokens: stopTokens)
                return try generator(
                    Self.prompt("Hello", generator), state: TextState(generator.model.configuration),
                    sampling: Self.sampling, maximumTokens: 20, stopStrings: stopStrings)
            }
            let whole = try reply([], [])
            let stopped = try reply([whole.ids[5]], [])
            #expect(stopped.finish == .stopToken)
            #expect(stopped.ids == Array(whole.ids[...(whole.ids.firstIndex(of: whole.ids[5]) ?? 0)]))
            let word = generator.tokenizer.decode([whole.ids[3]])
            let cut = try reply([], [word])
            #expect(cut.finish == .stopString && cut.ids.count <= 4)
            #expect(whole.text.hasPrefix(cut.text) && !cut.text.contains(word))
        }
    }

    @Test func aPromptThatDoesNotFitIsAnErrorAndAReplyEndsAtTheLimit() async throws {
        try await withEngine {
            let generator = try Self.generator(maximumTokens: 12)
            let state = TextState(generator.model.configuration)
            let long = try Self.prompt(String(repeating: "Hello ", count: 30), generator)
            #expect(throws: LanguageModelError.self) { try generator(long, state: state, sampling: .greedy) }
            let short = try Self.prompt("Hello", generator)
            let reply = try generator(short, state: state, sampling: Self.sampling, stopStrings: [])
            #expect(short.ids.count + reply.ids.count == 12 && reply.finish == .length)
        }
    }

    @Test func cancellingStopsBetweenTokensAndTheStateStaysUsable() async throws {
        try await Engine.load()
        let task = Task { @Engine in
            let generator = try Self.generator()
            let state = TextState(generator.model.configuration)
            let prompt = try Self.prompt("Hello", generator)
            var pieces = 0
            #expect(throws: CancellationError.self) {
                try generator(
                    prompt, state: state, sampling: Self.sampling, maximumTokens: 500, stopStrings: [],
                    onText: { _ in
                        pieces += 1
                        if pieces == 3 { withUnsafeCurrentTask { $0?.cancel() } }
                    })
            }
            #expect(pieces == 3)
            let known = state.cache.count
            #expect(known < state.ids.count + 1 && known >= prompt.ids.count)
        }
        try await task.value
    }
}
