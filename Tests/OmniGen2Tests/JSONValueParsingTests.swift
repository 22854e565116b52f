import Foundation
import Testing

@testable import OmniGen2

@Suite struct JSONValueParsingTests {
    private static func parsed(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    @Test func whatIsWrittenReadsAsTheSame() throws {
        let document: JSONValue = [
            "a": [1, -2.5, 1e300, true, false, nil], "": "\u{1F600}\\\"\n", "deep": [["x": []], [:]],
        ]
        #expect(try JSONValue(parsing: Array(document.text())) == document)
        #expect(try Self.parsed(" [ 1 , 0.5e1 ] ") == [1, 5.0])
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,\"a\":2}", "nul", "01", "1e999", "\"\\ud800\"", "[1] 2", "{a:1}", "NaN", "-", "\"a",
    ])
    func whatIsNoDocumentIsRefusedWithItsPlace(_ text: String) {
        let error = #expect(throws: JSONValue.ParsingError.self) { try Self.parsed(text) }
        #expect(error.map { $0.offset <= text.utf8.count && !$0.reason.isEmpty } == true)
    }

    @Test func depthIsBoundedAndCostsNothing() {
        let deep = String(repeating: "[", count: 1_000_000)
        #expect(throws: JSONValue.ParsingError.self) { try Self.parsed(deep) }
        let wide =
            "["
            + Array(repeating: String(repeating: "[", count: 100) + String(repeating: "]", count: 100), count: 900)
            .joined(separator: ",") + "]"
        let began = ContinuousClock.now
        #expect(throws: Never.self) { try Self.parsed(wide) }
        // 180 kB: a reader that looks at each level again takes a minute.
        #expect(ContinuousClock.now - began < .seconds(5))
        let many = "[" + String(repeating: "0,", count: 200_000) + "0]"
        #expect(throws: JSONValue.ParsingError.self) { try Self.parsed(many) }
    }
}
