import Testing

@testable import QwenVL

struct TokenizerPreTokenizerTests {
    private func pieces(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        return TokenizerPreTokenizer.pieces(of: bytes[...]).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test func textIsCutWhereTheExpressionCutsIt() {
        let cases: [(String, [String])] = [
            ("", []),
            ("it's IT'S it'\u{17F}", ["it", "'s", " IT", "'S", " it", "'\u{17F}"]),
            ("'RE' 've", ["'RE", "'", " '", "ve"]),
            ("a  b\n\n c \n", ["a", " ", " b", "\n\n", " c", " \n"]),
            ("x   ", ["x", "   "]),
            (" \n \n  y", [" \n \n", " ", " y"]),
            ("!!\r\n\r\nz", ["!!\r\n\r\n", "z"]),
            ("\tif(x2=10)", ["\tif", "(x", "2", "=", "1", "0", ")"]),
            ("\u{A0}\u{3000}w\u{2028}!", ["\u{A0}", "\u{3000}w", "\u{2028}", "!"]),
            ("e\u{301}te\u{301}", ["e", "\u{301}te", "\u{301}"]),
            ("\u{664}\u{BD}\u{2167}", ["\u{664}", "\u{BD}", "\u{2167}"]),
        ]
        for (text, expected) in cases { #expect(pieces(text) == expected) }
    }

    @Test func lettersNewerThanTheOriginalsTablesAreNoLetters() {
        // U+1C89 came with Unicode 16, which the original knows, U+323B0 with Unicode 17.
        #expect(pieces("a\u{1C89}b") == ["a\u{1C89}b"])
        #expect(pieces("a\u{323B0}b") == ["a", "\u{323B0}b"])
    }

    @Test func piecesCoverTheTextInOrder() {
        let alphabet = Array(" \n\r\t'sSlLreab19!?\u{301}\u{E9}\u{3000}\u{200D}\u{1F600}".unicodeScalars)
        var generator = SeededGenerator(state: 2)
        for _ in 0..<500 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...20, using: &generator) {
                text.append(alphabet.randomElement(using: &generator) ?? " ")
            }
            let bytes = Array(String(text).utf8)
            let ranges = TokenizerPreTokenizer.pieces(of: bytes[...])
            #expect(ranges.allSatisfy { !$0.isEmpty })
            #expect(ranges.flatMap { bytes[$0] } == bytes)
        }
    }

    @Test func compositionLeavesWhatIsNewerThanTheOriginalsTables() {
        func composed(_ text: String) -> [Unicode.Scalar] {
            let bytes = Array(text.utf8)
            let composed = TokenizerNormalization.composed(bytes[...])
            return Array(String(decoding: composed, as: UTF8.self).unicodeScalars)
        }
        #expect(composed("e\u{301}") == ["\u{E9}"])
        #expect(composed("\u{212B}\u{1112}\u{1161}\u{11AB}") == ["\u{C5}", "\u{D55C}"])
        // U+0334 sorts before U+0301, but not across U+1DF9 of Unicode 10.
        #expect(composed("\u{301}\u{334}") == ["\u{334}", "\u{301}"])
        #expect(composed("\u{1DF9}\u{334}") == ["\u{1DF9}", "\u{334}"])
        #expect(composed("q\u{323}\u{F73}") == ["q", "\u{F71}", "\u{F72}", "\u{323}"])
    }
}
