import Testing

@testable import QwenVL

struct TokenizerJSONScannerTests {
    private func string(_ json: String) throws -> String {
        var scanner = TokenizerJSONScanner(path: "test", bytes: Array(json.utf8))
        var buffer: [UInt8] = []
        try scanner.string(into: &buffer)
        try scanner.end()
        return String(decoding: buffer, as: UTF8.self)
    }

    @Test func escapesAreResolved() throws {
        #expect(try string(#" "a\n\t\r\b\f\"\\\/b" "#) == "a\n\t\r\u{8}\u{C}\"\\/b")
        #expect(try string(#""\u0120\u00e9\uD83D\ude00""#) == "\u{120}\u{E9}\u{1F600}")
    }

    @Test(arguments: [
        "", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"", "\"\\ud83d\\u0041\"", "\"\\ude00\"", "\"a\nb\"",
        "\"a\"b",
    ])
    func brokenStringsAreErrors(json: String) {
        #expect(throws: TokenizerError.self) { try string(json) }
    }

    @Test func valuesOfEveryKindArePassedOver() throws {
        let json = #" {"a": [1, -2.5E+3, true, null, "x\"]}", {}], "b": {"c": []}} "#
        var scanner = TokenizerJSONScanner(path: "test", bytes: Array(json.utf8))
        #expect(try scanner.skipValue() == 1..<(json.utf8.count - 1))
        try scanner.end()
    }
}
