import Foundation
import Imaging
import Testing

/// The small model answers "tree sky big red small small" with text and "draw big" with a picture.
@Suite(.serialized) struct ChatCommandTests {
    private static let picture =
        URL(fileURLWithPath: Program.checkpoint).deletingLastPathComponent().path + "/images/img_56x56_0.png"

    private static func chat(_ arguments: [String], in folder: String, input: String = "") throws -> Program.Outcome {
        try Program.run(
            [
                "chat", "--model", Program.checkpoint, "--dtype", "fp32", "--height", "32", "--width", "48", "--steps",
                "2", "--max-tokens", "16", "--output", "\(folder)/drawn.png",
            ] + arguments, input: input)
    }

    private static func events(_ outcome: Program.Outcome, _ name: String) throws -> [[String: Any]] {
        try outcome.output.split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }.filter { $0["event"] as? String == name }
    }

    @Test func aMessageIsAnsweredWithTextAndNoFile() throws {
        try Program.withFolder { folder in
            let outcome = try Self.chat(["tree sky big red small small"], in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.output == " attext\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func aMessageIsAnsweredWithAPictureWhereItWasWanted() throws {
        try Program.withFolder { folder in
            let outcome = try Self.chat(["draw big"], in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.output.isEmpty)
            #expect(outcome.error.hasSuffix("saved \(folder)/drawn.png\n"))
            let image = try Image(contentsOf: "\(folder)/drawn.png")
            #expect((image.width, image.height) == (48, 32))
        }
    }

    @Test func aConversationReadsOnlyWhatIsNewAndNumbersItsPictures() throws {
        try Program.withFolder { folder in
            let outcome = try Self.chat(
                ["--json"], in: folder,
                input: """
                    draw big
                    /drop
                    tree sky big red small small
                    /save \(folder)/again.png
                    /reset
                    draw big
                    /save
                    """)
            #expect(outcome.status == 0)
            let replies = try Self.events(outcome, "reply")
            let counts = replies.map { ($0["promptTokens"] as? Int ?? 0, $0["prefilledTokens"] as? Int ?? 0) }
            try #require(counts.count == 3)
            #expect(counts[0].0 == counts[0].1)
            // What is new are the second turn, and the reply before it, which was made and not read.
            #expect(counts[1].1 < counts[0].1 && counts[1].1 < counts[1].0)
            #expect(counts[2] == counts[0])
            let files = try Self.events(outcome, "saved").compactMap { $0["path"] as? String }
            #expect(
                files.prefix(1) == ["\(folder)/drawn-1.png"] && files.last == "\(folder)/drawn-\(files.count - 1).png")
            let bytes = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
            #expect(bytes[bytes.count - 1] == bytes[bytes.count - 2])
        }
    }

    @Test func theSameConversationDrawsTheSameBytesAndGenerateCannotRepeatIt() throws {
        try Program.withFolder { folder in
            let arguments = ["--image", Self.picture, "--seed", "5"]
            for name in ["a", "b"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
                #expect(try Self.chat(arguments, in: "\(folder)/\(name)", input: "/drop\ndraw big\n").status == 0)
            }
            let files = try ["a", "b"].map { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)/drawn-1.png")) }
            #expect(files[0] == files[1])
            let repeated = try Program.run(["generate", "--from", "\(folder)/a/drawn-1.png"])
            #expect(repeated.status == 64)
            #expect(repeated.error.contains("is of a conversation"))
        }
    }

    @Test(
        arguments: [
            (["a", "--image", "nowhere.png"], "", 66, "nowhere.png"), (["  "], "", 64, "empty"),
            (["a", "--cache", "x"], "", 64, "--cache"), (["a", "--steps", "0"], "", 64, "steps"),
            ([], "/image nowhere.png\n", 66, "nowhere.png"), ([], "/paint\n", 64, "/paint"),
            ([], "/save\n", 64, "no picture"),
        ] as [([String], String, Int32, String)])
    func whatIsWrongIsNamed(arguments: [String], input: String, status: Int32, word: String) throws {
        try Program.withFolder { folder in
            let outcome = try Self.chat(arguments, in: folder, input: input)
            #expect(outcome.status == status)
            #expect(outcome.error.contains(word) && outcome.error.hasPrefix("error: "))
        }
    }

    @Test func sixPicturesAreTooMany() throws {
        try Program.withFolder { folder in
            let images = Array(repeating: ["--image", Self.picture], count: 6).flatMap { $0 }
            let outcome = try Self.chat(["a"] + images, in: folder)
            #expect(outcome.status == 64)
            #expect(outcome.error.contains("at most 5"))
            let lines = Array(repeating: "/image \(Self.picture)\n", count: 6).joined() + "draw big\n"
            let later = try Self.chat([], in: folder, input: lines)
            #expect(later.status == 64)
            #expect(later.error.contains("at most 5"))
        }
    }

    @Test func aPictureThatIsThereIsNotOverwritten() throws {
        try Program.withFolder { folder in
            try Data("keep".utf8).write(to: URL(fileURLWithPath: "\(folder)/drawn.png"))
            let outcome = try Self.chat(["draw big"], in: folder)
            #expect(outcome.status == 73)
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/drawn.png")) == Data("keep".utf8))
        }
    }
}
