import Testing

@testable import omnigen2

@Suite struct ChatLineTests {
    @Test(arguments: [
        ("hello there", ChatLine.message("hello there")), ("  a cat  ", .message("a cat")), ("", .nothing),
        (" \t", .nothing), ("/image a.png", .image("a.png")), ("/image 'my photo.png'", .image("my photo.png")),
        ("/image my\\ photo.png ", .image("my photo.png")), ("/image \"b c.png\"", .image("b c.png")),
        ("/image my photo.png", .image("my photo.png")), ("/image '", .image("'")), ("/save", .save(nil)),
        ("/save x y.png", .save("x y.png")), ("/seed 7", .seed(7)), ("/drop", .drop), ("/reset ", .reset),
        ("/help", .help), ("/quit", .quit), ("/exit", .quit),
    ])
    func linesAreRead(line: String, meaning: ChatLine) throws {
        #expect(try ChatLine(line) == meaning)
    }

    @Test(arguments: ["/image", "/seed", "/seed -1", "/seed x", "/", "/paint", "/reset all"])
    func otherCommandsAreRefused(line: String) {
        #expect(throws: CommandError.self) { try ChatLine(line) }
    }
}
