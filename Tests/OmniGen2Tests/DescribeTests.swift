import Foundation
import Imaging
import Testing

@testable import OmniGen2

@Suite struct DescribeTests {
    private static let fixtures = URL(fileURLWithPath: PipelineTests.checkpoint).deletingLastPathComponent().path

    /// A copy of the checkpoint with the parts that text needs, and no others.
    private static func withTextOnly<R>(_ body: (OmniGen2) async throws -> R) async throws -> R {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("omnigen2-\(UUID().uuidString)").path
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: folder) }
        for name in ["model_index.json", "mllm", "processor"] {
            try files.createSymbolicLink(
                atPath: "\(folder)/\(name)", withDestinationPath: "\(PipelineTests.checkpoint)/\(name)")
        }
        var configuration = OmniGen2.Configuration()
        configuration.precision = .float32
        configuration.device = "cpu"
        return try await body(OmniGen2(model: folder, configuration: configuration, for: .text))
    }

    private static func picture() throws -> Image { try Image(contentsOf: "\(fixtures)/images/img_224x168_0.png") }

    private static func options(_ change: (inout TextOptions) -> Void = { _ in }) -> TextOptions {
        var options = TextOptions()
        options.maxTokens = 24
        change(&options)
        return options
    }

    @Test func textComesInPiecesWithoutTheDrawingParts() async throws {
        try await Self.withTextOnly { model in
            let pieces = Pieces()
            let reply = try await model.describe(
                [Self.picture()], question: "Name one object.", options: Self.options()
            ) {
                pieces.texts.append($0)
            }
            #expect(reply.text.hasPrefix("ValueQ processindind"))
            #expect(pieces.texts.joined() == reply.text && pieces.texts.count > 10)
            #expect(reply.finishReason == .length && reply.replyTokens == 24 && !reply.asksForPicture)
            #expect(reply.promptTokens == reply.prefilledTokens && reply.promptTokens > 48 && reply.seconds > 0)
        }
    }

    @Test func theStreamEndsWithTheReply() async throws {
        try await Self.withTextOnly { model in
            var text = ""
            var replies: [TextReply] = []
            for try await event in model.describeEvents(
                [try Self.picture()], question: "Name one object.", options: Self.options { $0.stop = ["Qind"] })
            {
                switch event {
                case .text(let piece): text += piece
                case .finished(let reply): replies.append(reply)
                }
            }
            #expect(replies.count == 1)
            #expect(replies.first?.text == text)
        }
    }

    @Test func theMarkOfAPictureEndsTheTextAndIsNotShown() async throws {
        try await Self.withTextOnly { model in
            let image = try Image(contentsOf: "\(Self.fixtures)/images/img_56x56_0.png")
            let later = try await model.describe([image], question: "What colour is it?", options: Self.options())
            #expect(later.text == "\u{FFFD} res" && later.finishReason == .stopString && !later.asksForPicture)
            let first = try await model.describe([image], question: "Hello", options: Self.options())
            #expect(first.text.isEmpty && first.finishReason == .stopString && first.asksForPicture)
        }
    }

    @Test func theSameSeedDrawsTheSameTextAndAnotherSeedAnother() async throws {
        try await Self.withTextOnly { model in
            func text(_ seed: UInt64) async throws -> String {
                let options = Self.options { ($0.temperature, $0.topK, $0.seed) = (1.5, 0, seed) }
                return try await model.describe([Self.picture()], options: options).text
            }
            let first = try await text(1)
            #expect(try await text(1) == first)
            #expect(try await text(2) != first)
        }
    }

    @Test func aCancelledTaskStops() async throws {
        try await Self.withTextOnly { model in
            let picture = try Self.picture()
            let task = Task { try await model.describe([picture], options: Self.options { $0.maxTokens = 100_000 }) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func drawingWithoutTheDrawingPartsIsAnError() async throws {
        try await Self.withTextOnly { model in
            await #expect(throws: (any Error).self) { try await model.generate(GenerationRequest(prompt: "A dog")) }
            await #expect(throws: GenerationError.self) { try await model.describe([]) }
        }
    }

    @Test(arguments: [
        ("temperature", options { $0.temperature = -1 }), ("top-k", options { $0.topK = -1 }),
        ("top-p", options { $0.topP = 0 }), ("repetition", options { $0.repetitionPenalty = 0 }),
        ("max tokens", options { $0.maxTokens = 0 }), ("stop", options { $0.stop = [""] }),
    ])
    func aValueNoReplyCanBeDrawnWithIsNamed(word: String, options: TextOptions) {
        let error = #expect(throws: GenerationError.self) { try options.validate() }
        #expect(error?.description.contains(word) == true)
    }
}

/// Texts handed out by the engine one after another, read after the call.
private final class Pieces: @unchecked Sendable {
    var texts: [String] = []
}
