import Foundation
import Testing

@Suite(.serialized) struct DescribeCommandTests {
    private static let images = URL(fileURLWithPath: Program.checkpoint).deletingLastPathComponent().path + "/images"

    private static func describe(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(
            ["describe", "--model", Program.checkpoint, "--dtype", "fp32", "--max-tokens", "16"] + arguments)
    }

    @Test func textGoesToStandardOutput() throws {
        let outcome = try Self.describe(["\(Self.images)/img_224x168_0.png", "--question", "Name one object."])
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("ValueQ process"))
        #expect(outcome.output.hasSuffix("\n"))
        #expect(outcome.error.isEmpty)
    }

    @Test func jsonLinesTellThePiecesAndTheReply() throws {
        let outcome = try Self.describe([
            "\(Self.images)/img_224x168_0.png", "\(Self.images)/img_56x56_0.png", "--json", "--temperature", "1",
            "--seed", "3",
        ])
        let lines = try outcome.output.split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        let pieces = lines.filter { $0["event"] as? String == "text" }.compactMap { $0["text"] as? String }
        #expect(lines.last?["event"] as? String == "reply")
        #expect(lines.last?["text"] as? String == pieces.joined())
    }

    @Test func videosAndGIFsAreRefusedInOneLine() throws {
        try Program.withFolder { folder in
            let files: [(name: String, bytes: [UInt8], kind: String)] = [
                ("a.mp4", [0, 0, 0, 0x20] + Array("ftypisom".utf8), "a video"),
                ("b.dat", [0, 0, 0, 0x20] + Array("ftypisom".utf8), "a video"),
                ("c.bin", [0x1A, 0x45, 0xDF, 0xA3, 1, 2, 3, 4], "a video"), ("d.AVI", Array("RIFF".utf8), "a video"),
                ("e.gif", Array("GIF89a..".utf8), "a GIF"),
            ]
            for file in files {
                let path = "\(folder)/\(file.name)"
                try Data(file.bytes).write(to: URL(fileURLWithPath: path))
                let outcome = try Self.describe([path])
                #expect(outcome.status == 65)
                #expect(
                    outcome.error
                        == "error: \(path): \(file.kind) is not supported; give a PNG, JPEG or WebP picture\n")
            }
        }
    }

    @Test(arguments: [
        (["nowhere.png"], Int32(66), "nowhere.png"), ([], 64, "image"), (["a.png", "--top-p", "2"], 64, "top-p"),
        (["a.png", "--stop", ""], 64, "stop string"), (["a.png", "--dtype", "int3"], 64, "--dtype"),
    ])
    func whatIsWrongIsNamed(arguments: [String], status: Int32, word: String) throws {
        let outcome = try Self.describe(arguments)
        #expect(outcome.status == status)
        #expect(outcome.error.contains(word) && outcome.error.hasPrefix("error: "))
    }
}
