import Foundation
import Layers
import QwenVL
import Testing

@testable import Training

@Suite struct TokenizerTrainerTests {
    static let lines = [
        "a large red circle", "a small blue square to the left of a large red circle", "draw a green triangle",
        "Make the circle blue!", "the small square isn't above the triangle", "2 circles, 13 squares",
    ]

    private static func trained(_ size: Int, _ lines: [String] = lines) throws -> TrainedTokenizer {
        var trainer = TokenizerTrainer(vocabularySize: size)
        for line in lines { trainer.add(line) }
        return try trainer.train()
    }

    private static func withTokenizer<R>(_ size: Int, _ body: (Tokenizer, String) throws -> R) throws -> R {
        try withTemporaryFolder { folder in
            for (name, contents) in try trained(size).files() {
                try contents.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            return try body(try Tokenizer(folder: folder), folder)
        }
    }

    @Test func anyTextComesBack() throws {
        try Self.withTokenizer(340) { tokenizer, _ in
            #expect(tokenizer.vocabularySize == 340)
            for text in Self.lines + ["", " ", "日本語 \u{1F9E1}\r\n\t x", "<|im_start|>user\n<|img|>é", "\u{0}\u{7F}"] {
                let ids = tokenizer.encode(text)
                #expect(tokenizer.decode(ids) == text)
                #expect(ids.allSatisfy { $0 < 340 })
            }
            #expect((0..<256).allSatisfy { tokenizer.bytes(of: $0).count == 1 })
        }
    }

    @Test func theStandingPromptsAreOneTokenEach() throws {
        try Self.withTokenizer(380) { tokenizer, _ in
            let prompt = tokenizer.encode(ChatTemplate.imagePrompt(""))
            // <|im_start|> system \n, the prompt, <|im_end|> \n, <|im_start|> user \n <|im_end|> \n
            #expect(prompt.count == 3 + 1 + 2 + 5)
            #expect(tokenizer.encode(ChatTemplate.trainingPrompt(nil)).count == 3 + 1 + 2 + 5)
            #expect(tokenizer.encode("<|img|>").count == 1)
        }
    }

    @Test func theMostFrequentPairComesFirstAndEqualsByNumber() throws {
        var trainer = TokenizerTrainer(vocabularySize: 256 + TrainedTokenizer.specialTokens.count + 3, wholeTexts: [])
        for line in ["bc bc", "ab", "ab"] { trainer.add(line) }
        let tokenizer = try trainer.train()
        // "bc" stands alone and behind a space.
        let expected = ["a b", "b c", "Ġ bc"]
        let merges = try #require(tokenizer.files().first { $0.name == "merges.txt" }).contents
        #expect(String(decoding: merges, as: UTF8.self) == "#version: 0.2\n" + expected.map { $0 + "\n" }.joined())
    }

    @Test func repeatedLettersAreJoinedFromTheLeft() throws {
        var trainer = TokenizerTrainer(vocabularySize: 1000, wholeTexts: [])
        trainer.add("aaaaa")
        let tokenizer = try trainer.train()
        #expect(tokenizer.size == 256 + TrainedTokenizer.specialTokens.count + tokenizer.merges.count)
        #expect(tokenizer.token(of: Array("aaaaa".utf8)) != nil)
    }

    @Test func theOrderOfLinesDoesNotMatter() throws {
        let (first, second) = (try Self.trained(370).files(), try Self.trained(370, Self.lines.reversed()).files())
        #expect(first.map(\.name) == second.map(\.name))
        #expect(first.map(\.contents) == second.map(\.contents))
    }

    @Test func aVocabularyWithoutRoomIsRefused() {
        let error = #expect(throws: TrainingError.self) { try Self.trained(270) }
        #expect(error?.description.contains("a vocabulary of 270 tokens is too small") == true)
        #expect(error?.description.contains("\n") == false)
    }

    /// What Hugging Face's library learns from the same lines, and makes of texts; from
    /// `scripts/reference/scratch-tokenizer`.
    @Test func mergesAndIdsAreThoseOfTheOriginalLibrary() throws {
        struct Fixture: Decodable {
            struct Case: Decodable {
                let text: String
                let ids: [Int]
            }
            let merges: [String]
            let cases: [Case]
        }
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/scratch-tokenizer.json")
        let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
        try Self.withTokenizer(380) { tokenizer, folder in
            let merges = try String(contentsOfFile: folder + "/merges.txt", encoding: .utf8)
            #expect(merges.split(separator: "\n").dropFirst().map(String.init) == fixture.merges)
            #expect(fixture.cases.count >= 13)
            for test in fixture.cases { #expect(tokenizer.encode(test.text) == test.ids, "\(test.text)") }
        }
    }
}

/// A folder that is gone afterwards.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("omnigen2-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}
