import Testing

@testable import QwenVL

struct TokenizerErrorTests {
    private func expectFailure(
        _ files: [String: String], mentions words: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let description = TokenizerFixture.failure(files)?.description ?? "no error"
        for word in words {
            #expect(description.contains(word), "\(description)", sourceLocation: sourceLocation)
        }
        #expect(!description.contains("\n"), sourceLocation: sourceLocation)
    }

    @Test func aFolderWithoutTokenizerNamesTheFilesItNeeds() {
        expectFailure([:], mentions: ["tokenizer.json", "vocab.json", "merges.txt"])
        expectFailure(["vocab.json": "{}"], mentions: ["merges.txt"])
    }

    @Test func brokenJSONIsReportedWithItsPosition() {
        let text = TokenizerFixture.document()
        for length in stride(from: 0, to: text.utf8.count, by: 97) {
            let prefix = String(decoding: Array(text.utf8.prefix(length)), as: UTF8.self)
            #expect(TokenizerFixture.failure(["tokenizer.json": prefix]) != nil, "cut at \(length)")
        }
        expectFailure(["tokenizer.json": "{\"model\" 1}"], mentions: ["tokenizer.json", "byte 9", "':'", "'1'"])
        expectFailure(["tokenizer.json": text + "x"], mentions: ["end of the file", "'x'"])
        expectFailure(["tokenizer.json": String(repeating: "[", count: 100_000)], mentions: ["expected '{'"])
        let nested = "{\"a\":" + String(repeating: "[", count: 100_000)
        expectFailure(["tokenizer.json": nested], mentions: ["nested"])
    }

    @Test func aMergeOfUnknownTokensIsNamed() {
        let document = TokenizerFixture.document(merges: ["h e", "he xyz"])
        expectFailure(["tokenizer.json": document], mentions: ["merge 1", "\"xyz\""])
        let unjoined = TokenizerFixture.document(merges: ["z z"])
        expectFailure(["tokenizer.json": unjoined], mentions: ["merge 0", "\"zz\""])
        let files = ["vocab.json": TokenizerFixture.vocabulary, "merges.txt": "#version: 0.2\nh e\nhello\n"]
        expectFailure(files, mentions: ["merges.txt", "merge 1", "two tokens", "\"hello\""])
    }

    @Test func otherKindsOfTokenizersAreRefused() {
        let cases: [(String, [String])] = [
            (TokenizerFixture.document(type: "WordPiece"), ["model.type", "BPE", "WordPiece"]),
            (TokenizerFixture.document(normalizer: "NFKC"), ["normalizer", "NFC", "NFKC"]),
            (TokenizerFixture.document(pattern: "x+"), ["pre_tokenizer", "Split x+"]),
            ("{}", ["model"]),
        ]
        for (document, words) in cases { expectFailure(["tokenizer.json": document], mentions: words) }
        let files = ["tokenizer.json": TokenizerFixture.document(), "tokenizer_config.json": ""]
        expectFailure(files, mentions: ["tokenizer_config.json"])
        let other = [
            "tokenizer.json": TokenizerFixture.document(),
            "tokenizer_config.json": #"{"tokenizer_class": "T5Tokenizer"}"#,
        ]
        expectFailure(other, mentions: ["tokenizer_class", "T5Tokenizer"])
    }

    @Test func idsSharedByTwoTokensAreRefused() {
        let document = TokenizerFixture.document(addedTokens: [#"{"id": 5, "content": "<x>"}"#])
        expectFailure(["tokenizer.json": document], mentions: ["<x>", "5"])
        expectFailure(["vocab.json": #"{"a": 1, "b": 1}"#, "merges.txt": ""], mentions: ["vocab.json", "\"b\"", "1"])
        expectFailure(["vocab.json": #"{"a": 99999999}"#, "merges.txt": ""], mentions: ["99999999"])
        expectFailure(["vocab.json": #"{"a": -1}"#, "merges.txt": ""], mentions: ["not negative"])
    }
}
