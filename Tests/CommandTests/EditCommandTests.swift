import Foundation
import Imaging
import OmniGen2
import Testing

@testable import omnigen2

@Suite(.serialized) struct EditCommandTests {
    private static let images = URL(fileURLWithPath: Program.checkpoint).deletingLastPathComponent().path + "/images"
    private static let source = images + "/img_100x75_0.png"

    private static func edit(_ arguments: [String], output: String) throws -> Program.Outcome {
        try Program.run(
            ["edit", "--model", Program.checkpoint, "--steps", "2", "--dtype", "fp32", "--output", output] + arguments)
    }

    private static func write(_ path: String, _ width: Int, _ height: Int, _ pixel: (Int) -> UInt8) throws {
        let pixels = (0..<width * height).flatMap { [UInt8](repeating: pixel($0), count: 3) }
        try Image(width: width, height: height, pixels: pixels).write(to: path)
    }

    @Test func aMaskedEditKeepsSizeAndPixelsAndRepeatsItself() throws {
        try Program.withFolder { folder in
            let (mask, first, second) = (folder + "/mask.png", folder + "/a.png", folder + "/b.png")
            try Self.write(mask, 100, 75) { $0 % 100 < 40 ? 255 : 0 }
            let drawn = try Self.edit(["Make it red", "--image", Self.source, "--mask", mask], output: first)
            #expect(drawn.status == 0, "\(drawn.error)")
            let (before, after) = try (Image(contentsOf: Self.source), Image(contentsOf: first))
            #expect(after.width == 100 && after.height == 75 && after != before)
            for index in 0..<7500 where index % 100 >= 40 {
                #expect(after.pixels[3 * index] == before.pixels[3 * index])
            }
            let repeated = try Program.run(["edit", "--from", first, "--output", second])
            #expect(repeated.status == 0, "\(repeated.error)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: first)) == Data(contentsOf: URL(fileURLWithPath: second)))
            // The mask stays with its source, and goes with another.
            for (image, keeps) in [(Self.source, true), ("\(Self.images)/img_56x56_0.png", false)] {
                let again = try Program.run(["edit", "--from", first, "--image", image, "--output", second, "--force"])
                #expect(again.status == 0, "\(again.error)")
                #expect(try (GenerationRecord(readingFrom: second).editing?.mask != nil) == keeps)
            }
        }
    }

    @Test(arguments: [
        (["--align"], 96, 64, false), (["--no-align", "--height", "48", "--width", "80"], 80, 48, false),
        (["--exact-size"], 100, 75, false), (["--height", "48"], 96, 64, true),
        (["--max-pixels", "2000", "--exact-size"], 100, 75, true), (["--max-input-side", "48"], 48, 32, false),
        (["--reference-latents", "mode"], 96, 64, false),
    ])
    func theSizeIsTheSourcesOrTheOneAskedFor(arguments: [String], width: Int, height: Int, warns: Bool) throws {
        try Program.withFolder { folder in
            let outcome = try Self.edit(
                ["Make it red", "--image", Self.source] + arguments, output: folder + "/a.png")
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.error.contains("warning: ") == warns, "\(outcome.error)")
            let image = try Image(contentsOf: folder + "/a.png")
            #expect(image.width == width && image.height == height)
        }
    }

    @Test func severalPicturesComposeOneOfTheSizeAskedFor() throws {
        try Program.withFolder { folder in
            let sources = ["img_37x120_0.png", "img_56x56_0.png", "img_64x96_0.png", "img_56x56_0.png"]
            let outcome = try Self.edit(
                ["Put them side by side", "--height", "48", "--width", "64"]
                    + sources.flatMap { ["--image", "\(Self.images)/\($0)"] }, output: folder + "/a.png")
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.error.contains("warning: \(Self.images)/img_56x56_0.png is given twice"))
            #expect(try Image(contentsOf: folder + "/a.png").width == 64)
        }
    }

    @Test func whatIsLostInReadingASourceIsSaid() throws {
        try Program.withFolder { folder in
            // Two pixels, one of them half transparent, of 8 bits; and one of 16 bits.
            let files = [
                (
                    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR4nGM4kcJgzMjE/B8ACxMCZQg1K1cAAAAASUVORK5CYII=",
                    "is partly transparent: composited on white"
                ),
                (
                    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAACEAIAAABGc/0zAAAAFklEQVR4nGNgPMF0gvkEwz/GBkYGRgAfuQPgrqBDSwAAAABJRU5ErkJggg==",
                    "has 16 bits a sample: the high 8 are used"
                ),
            ]
            for (index, (base64, words)) in files.enumerated() {
                let path = "\(folder)/source\(index).png"
                try #require(Data(base64Encoded: base64)).write(to: URL(fileURLWithPath: path))
                let outcome = try Self.edit(
                    ["Make it red", "--image", path, "--exact-size"], output: "\(folder)/\(index).png")
                #expect(outcome.status == 0, "\(outcome.error)")
                let warnings = outcome.error.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
                #expect(warnings == ["warning: \(path) \(words)"])
            }
        }
    }

    @Test func aSourceThatChangedOrIsGoneIsSaid() throws {
        try Program.withFolder { folder in
            let (source, first) = (folder + "/source.png", folder + "/a.png")
            try Self.write(source, 20, 20) { UInt8($0 % 200) }
            #expect(try Self.edit(["Make it red", "--image", source], output: first).status == 0)
            try Self.write(source, 20, 20) { UInt8($0 % 100) }
            let changed = try Program.run(["edit", "--from", first, "--output", folder + "/b.png"])
            #expect(changed.status == 0)
            #expect(changed.error.contains("warning: \(source) is not what it was when the picture was made\n"))
            try FileManager.default.removeItem(atPath: source)
            let gone = try Program.run(["edit", "--from", first, "--output", folder + "/c.png"])
            #expect(gone.status == 66 && gone.error.hasPrefix("error: \(source): cannot open: "), "\(gone.error)")
        }
    }

    @Test func anEditIsRepeatedByEditAndADrawingByGenerate() throws {
        try Program.withFolder { folder in
            let (edited, drawn) = (folder + "/a.png", folder + "/b.png")
            #expect(try Self.edit(["Make it red", "--image", Self.source], output: edited).status == 0)
            let wrong = try Program.run(["generate", "--from", edited, "--output", folder + "/c.png"])
            #expect(wrong.status == 64)
            #expect(wrong.error == "error: \(edited) is an edit: use 'omnigen2 edit --from'\n")
            let size = ["--height", "48", "--width", "48", "--steps", "1", "--dtype", "fp32", "--output", drawn]
            #expect(try Program.run(["generate", "A dog", "--model", Program.checkpoint] + size).status == 0)
            let noSource = try Program.run(["edit", "--from", drawn, "--output", folder + "/c.png"])
            #expect(noSource.status == 64 && noSource.error.contains("has no sources: give --image FILE"))
        }
    }

    @Test(arguments: [
        ([], Int32(64), "no picture is given: --image FILE"),
        ([String](repeating: "--image=a.png", count: 6), 64, "at most 5 pictures can be given, got 6"),
        (["--image", "/nowhere/a.png"], 66, "/nowhere/a.png: cannot open: No such file or directory"),
        (["--image", "/tmp"], 66, "/tmp: cannot read: Is a directory"),
        (["--image", "a.mp4"], 65, "a.mp4: a video is not supported; give a PNG, JPEG or WebP picture"),
        (["--image", source, "--mask", "/nowhere/m.png"], 66, "/nowhere/m.png: cannot open"),
        (["--image", source, "--mask", "\(images)/img_56x56_0.png"], 64, "the mask is 56x56"),
        (["--image", source, "--mask", source, "--no-exact-size"], 64, "--mask needs the exact size"),
        (["--image", source, "--reference-latents", "mean"], 64, "--reference-latents must be one of sample, mode"),
        (["--image", source, "--max-pixels", "10"], 64, "max pixels must be at least 256, got 10"),
        (["--image", source, "--max-input-side", "8"], 64, "max input side must be at least 16, got 8"),
        (
            ["--image", source, "--cache", "magic"], 64,
            "--cache must be none, teacache[:threshold] or taylorseer[:interval[:order]]"
        ),
    ])
    func aBadValueGetsOneClearLineAndItsCode(arguments: [String], status: Int32, words: String) throws {
        try Program.withFolder { folder in
            let outcome = try Self.edit(["Make it red"] + arguments, output: folder + "/a.png")
            #expect(outcome.status == status, "\(outcome.error)")
            #expect(outcome.error.hasPrefix("error: ") && outcome.error.contains(words), "\(outcome.error)")
            #expect(outcome.error.split(separator: "\n").count == 1)
        }
    }

    @Test func damagedSourcesAreNamedWithTheReason() throws {
        try Program.withFolder { folder in
            let whole = try Data(contentsOf: URL(fileURLWithPath: Self.source))
            // The header of a picture of 100000x100000, with its checksum, and nothing behind it.
            let bomb =
                whole.prefix(8)
                + Data([
                    0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0, 8, 2, 0, 0, 0, 0x27, 0x30,
                    0x9C, 0x9F, 0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xAF, 0x06, 0x1E,
                ])
            let files: [(Data, String)] = [
                (Data(), "not a PNG, JPEG or WebP picture: it starts with no bytes"),
                (whole.prefix(whole.count / 2), "damaged PNG picture: "),
                (bomb, "a picture of 100000 x 100000 pixels is above the limit of 178956970 pixels"),
            ]
            for (data, words) in files {
                let path = folder + "/source.png"
                try data.write(to: URL(fileURLWithPath: path))
                let outcome = try Self.edit(["Make it red", "--image", path], output: folder + "/a.png")
                #expect(outcome.status == 65 && outcome.error.hasPrefix("error: \(path): \(words)"))
                #expect(outcome.error.split(separator: "\n").count == 1)
            }
        }
    }

    @Test func aPromptThatIsMissingIsAUsageError() throws {
        let missing = try Program.run(["edit", "--image", Self.source])
        #expect(missing.status == 64)
        #expect(missing.error == "error: what to change is missing: give a PROMPT, or --from PNG\n")
    }
}
