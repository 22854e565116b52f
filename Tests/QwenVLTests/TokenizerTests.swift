import Testing

@testable import QwenVL

struct TokenizerTests {
    /// Texts with the ids Hugging Face's tokenizers 0.21.4 gives them.
    static let recorded: [(text: String, ids: [Int])] = [
        ("", []),
        ("hello world", [261, 267]),
        (" hello  world", [262, 220, 267]),
        (
            "hello's HELLO'S hello'\u{17F} hello\u{2019}s",
            [
                261, 271, 220, 39, 36, 43, 43, 46, 273, 262, 275, 262, 158, 222, 247, 82,
            ]
        ),
        ("we'll WE'LL x'l", [86, 68, 272, 220, 54, 36, 6, 43, 43, 220, 87, 6, 75]),
        ("a  \u{A}  b \u{A}", [64, 256, 198, 220, 220, 65, 220, 198]),
        ("\u{D}\u{A}\u{D}\u{A}\u{A}\u{A} x", [277, 201, 276, 198, 220, 87]),
        (
            "tab\u{9}\u{9}x \u{A0}y\u{3000}\u{3000}z\u{2028}!",
            [
                83, 281, 197, 197, 87, 220, 126, 254, 88, 159, 222, 222, 159, 222, 222, 89, 158, 222, 101, 0,
            ]
        ),
        ("12 \u{663}\u{BD}\u{2167}\u{4E2D}1", [16, 17, 220, 149, 96, 126, 121, 158, 227, 100, 160, 116, 255, 16]),
        ("caf\u{E9} cafe\u{301}", [66, 64, 69, 270, 220, 66, 64, 69, 270]),
        (
            "e\u{327}\u{301} \u{1112}\u{1161}\u{11AB} \u{212B}",
            [
                132, 102, 136, 223, 220, 169, 243, 250, 220, 127, 227,
            ]
        ),
        ("\u{E01}\u{E33} \u{627}\u{651}", [156, 116, 223, 156, 116, 111, 220, 148, 100, 149, 239]),
        (
            "\u{1F469}\u{200D}\u{1F467} !!\u{1F44D}\u{1F3FD}",
            [
                172, 253, 239, 102, 158, 222, 235, 172, 253, 239, 100, 220, 279, 172, 253, 239, 235, 172, 253, 237,
                121,
            ]
        ),
        ("\u{20000}\u{FEFF}\u{200B}\u{0}\u{7F}", [172, 254, 222, 222, 171, 119, 123, 158, 222, 233, 188, 221]),
        ("a<|end|>b<|end|>>c<|end", [64, 284, 65, 285, 66, 27, 91, 68, 77, 67]),
        ("x  <L>  y<R> \u{A} z<W>w <W> w", [87, 287, 220, 220, 88, 288, 89, 27, 54, 29, 86, 220, 289, 263]),
        ("caf\u{E9}! cafe\u{301}! <tool>hello</tool>", [290, 220, 290, 220, 286, 261, 27, 14, 83, 78, 78, 75, 29]),
        ("aaaaaaa abcd bcd", [269, 268, 64, 220, 64, 280, 67, 220, 280, 67]),
        (
            "\u{F71}\u{F73}\u{F75}\u{F72}\u{1E9B}\u{323}",
            [
                156, 121, 109, 156, 121, 109, 156, 121, 109, 156, 121, 110, 156, 121, 110, 156, 121, 112, 157, 118,
                249, 136, 96,
            ]
        ),
        ("\u{9C7}\u{9BE}\u{344}\u{11D42}\u{301}", [156, 100, 233, 136, 230, 136, 223, 172, 239, 113, 224, 136, 223]),
        ("?!...\u{A}\u{A}hello", [30, 0, 13, 13, 13, 276, 261]),
        ("!hello _hello \u{301}hello 1hello", [0, 261, 220, 62, 261, 220, 136, 223, 261, 220, 16, 261]),
        ("\u{323B0}\u{1E4EC}", [172, 110, 236, 108, 172, 252, 241, 105]),
    ]

    @Test(arguments: recorded.indices)
    func everyTextHasTheIDsOfTheOriginal(index: Int) throws {
        let (text, ids) = Self.recorded[index]
        #expect(try TokenizerFixture.tokenizer().encode(text) == ids)
    }

    @Test func vocabularyAndMergesFilesGiveTheSameIDs() throws {
        let lines = ["#version: 0.2"] + TokenizerFixture.merges
        let entries = TokenizerFixture.addedTokens.enumerated().map { index, token in
            "\"\(index + TokenizerFixture.firstAddedID)\":\(token)"
        }
        for lineBreak in ["\n", "\r\n"] {
            let tokenizer = try TokenizerFixture.tokenizer([
                "vocab.json": TokenizerFixture.vocabulary,
                "merges.txt": lines.joined(separator: lineBreak) + lineBreak,
                "tokenizer_config.json": #"{"added_tokens_decoder":{\#(entries.joined(separator: ","))}}"#,
            ])
            for (text, ids) in Self.recorded { #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)") }
        }
    }

    @Test func mergesMayBeStringsAndStandBeforeTheVocabulary() throws {
        let tokenizer = try TokenizerFixture.tokenizer([
            "tokenizer.json": TokenizerFixture.document(form: .strings, mergesFirst: true)
        ])
        for (text, ids) in Self.recorded { #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)") }
    }

    @Test func decodingGivesBackTheComposedText() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        for text in [
            "hello world", " \r\n\t\u{0}", "\u{1F469}\u{200D}\u{1F467}", "한국어 caf\u{E9}", "\u{E01}\u{E33}",
        ] {
            let decoded = tokenizer.decode(tokenizer.encode(text))
            #expect(Array(decoded.unicodeScalars) == Array(text.unicodeScalars))
        }
        #expect(Array(tokenizer.decode(tokenizer.encode("e\u{301}")).unicodeScalars) == ["\u{E9}"])
    }

    @Test func decodingReplacesBrokenUTF8AndPassesOverUnknownIDs() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        #expect(tokenizer.decode([0, 284, 286, 255]) == "!<|end|><tool>\u{FFFD}")
        #expect(tokenizer.decode([0, 284, 286, 255], skipSpecialTokens: true) == "!<tool>\u{FFFD}")
        #expect(tokenizer.decode([9999, -1, 72, 128]) == "i\u{FFFD}")
        #expect(tokenizer.decode([172, 253, 72]) == "\u{FFFD}i")
        // The original reads the letter of an added token as a byte of the alphabet.
        #expect(tokenizer.decode([290]) == "caf\u{FFFD}!")
    }

    @Test func tokensAreFoundByIDAndBySpelling() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        #expect(tokenizer.vocabularySize == 291)
        #expect(tokenizer.id(of: "Ġworld") == 267)
        #expect(tokenizer.token(of: 267) == "Ġworld")
        #expect(tokenizer.id(of: "<|end|>") == 284)
        #expect(tokenizer.token(of: 284) == "<|end|>")
        #expect(tokenizer.id(of: "hello world") == nil)
        #expect(tokenizer.token(of: 291) == nil)
    }

    @Test func addedTokensOfTheOlderFilesAreFoundAndSpecialWhereListed() throws {
        let tokenizer = try TokenizerFixture.tokenizer([
            "vocab.json": TokenizerFixture.vocabulary,
            "merges.txt": TokenizerFixture.merges.joined(separator: "\n"),
            "added_tokens.json": #"{"<|end|>": 284, "<tool>": 285}"#,
            "special_tokens_map.json": #"{"pad_token": {"content": "<|end|>", "lstrip": false}}"#,
        ])
        #expect(tokenizer.encode("<|end|><tool>") == [284, 285])
        #expect(tokenizer.decode([284, 285], skipSpecialTokens: true) == "<tool>")
        #expect(tokenizer.paddingID == 284)
    }

    @Test func batchesArePaddedAndCut() throws {
        let tokenizer = try TokenizerFixture.tokenizer([
            "tokenizer.json": TokenizerFixture.document(),
            "tokenizer_config.json": #"{"pad_token": "<|end|>", "tokenizer_class": "Qwen2Tokenizer"}"#,
        ])
        let right = try tokenizer.encodeBatch(["hello world!!?", "hello"], maximumLength: 3)
        #expect(right.ids == [[261, 267, 279], [261, 284, 284]])
        #expect(right.attentionMask == [[1, 1, 1], [1, 0, 0]])
        let left = try tokenizer.encodeBatch(["hello world", "hello"], paddingSide: .left)
        #expect(left == TokenBatch(ids: [[261, 267], [284, 261]], attentionMask: [[1, 1], [0, 1]]))
        let unpadded = try TokenizerFixture.tokenizer()
        #expect(throws: TokenizerError.self) { try unpadded.encodeBatch(["hello world", "hello"]) }
    }

    @Test(arguments: ["a", " ", "\n", "1", "!", "e\u{301}", "\u{301}", "ab", " \n", "<", "<|end|>", "\u{E01}"])
    func longRunsTakeLinearTime(unit: String) throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        let text = String(repeating: unit, count: 200_000 / unit.utf8.count)
        var ids: [Int] = []
        let duration = ContinuousClock().measure { ids = tokenizer.encode(text) }
        #expect(!ids.isEmpty)
        // A quadratic scan of such a run takes minutes.
        #expect(duration < .seconds(10))
    }
}
