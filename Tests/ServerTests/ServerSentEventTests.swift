import Testing

@testable import Server

@Suite struct ServerSentEventTests {
    private static func text(_ event: ServerSentEvent) -> String { String(decoding: event.bytes, as: UTF8.self) }

    @Test func anEventIsItsFieldsAndAnEmptyLine() {
        let event = ServerSentEvent(name: "job.progress", data: "{\"step\":3}", id: "7")
        #expect(Self.text(event) == "event: job.progress\nid: 7\ndata: {\"step\":3}\n\n")
        #expect(Self.text(.init(data: "[DONE]")) == "data: [DONE]\n\n")
    }

    @Test(arguments: [
        ("a\nb", "data: a\ndata: b\n\n"), ("a\r\nb", "data: a\ndata: b\n\n"), ("a\rb", "data: a\ndata: b\n\n"),
        ("a\n", "data: a\ndata: \n\n"), ("", "data: \n\n"), ("\r\r\n", "data: \ndata: \ndata: \n\n"),
        ("é\u{2028}😀", "data: é\u{2028}😀\n\n"),
    ])
    func everyLineOfTheDataIsAFieldOfItsOwn(data: String, text: String) {
        #expect(Self.text(.init(data: data)) == text)
    }

    @Test func nameAndIDCannotBeginAnotherField() {
        let event = ServerSentEvent(name: "a\ndata: x", data: "y", id: "1\r\n\u{0}2")
        #expect(Self.text(event) == "event: a data: x\nid: 1   2\ndata: y\n\n")
    }

    @Test func aCommentStaysAComment() {
        #expect(Self.text(.init(comment: "keep-alive")) == ": keep-alive\n\n")
        #expect(Self.text(.init(comment: "a\ndata: b")) == ": a\n: data: b\n\n")
        var event = ServerSentEvent(data: "x")
        event.comment = "why"
        #expect(Self.text(event) == ": why\ndata: x\n\n")
    }
}
