import Foundation
import Testing

@Suite(.serialized) struct PlanCommandTests {
    private static func plan(_ more: [String]) throws -> Program.Outcome {
        try Program.run(["plan", "A dog", "--model", Program.checkpoint, "--device", "cpu"] + more)
    }

    @Test func theTableHasALineForEachStage() throws {
        let outcome = try Self.plan(["--height", "64", "--width", "64", "--reference", "64x64", "--steps", "10"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0] == "64x64, references of 64x64, 10 steps" && lines[1] == "blocks: all in memory")
        let names = lines.dropFirst(4).map { String($0.prefix { $0 != " " }) }
        #expect(names == ["load", "text", "references", "steps", "pixels", "in", ""])
    }

    @Test func theObjectSaysWhatTheTableSays() throws {
        let outcome = try Self.plan(["--json", "--preset", "fast"])
        let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let (seconds, memory) = (object["seconds"] as? Double ?? 0, object["memory"] as? Int ?? 0)
        #expect(seconds > 0 && memory > 50_000_000)
        #expect((object["fullSteps"] as? Int ?? 99) < (object["steps"] as? Int ?? 0))
    }

    @Test func whatDoesNotFitIsRefusedHereAndBeforeDrawing() throws {
        let planned = try Self.plan(["--max-memory", "20MB"])
        #expect(planned.status == 69)
        #expect(planned.error.contains("of memory even with blocks read from the disk, and may take 0.02 GB"))
        try Program.withFolder { folder in
            let drawn = try Program.run([
                "generate", "A dog", "--model", Program.checkpoint, "--device", "cpu", "--max-memory", "20MB",
                "--output", "\(folder)/a.png",
            ])
            #expect(drawn.status == 69 && drawn.error.contains("may take 0.02 GB"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test(arguments: [
        (["--reference", "0x10"], 64, "0x10"), (["--reference", "/nowhere.png"], 66, "/nowhere.png: cannot open"),
        (["--preset", "best"], 64, "--preset must be one of fast, quality, got 'best'"),
    ])
    func aWrongArgumentIsNamed(arguments: [String], status: Int32, word: String) throws {
        let outcome = try Self.plan(arguments)
        #expect(outcome.status == status && outcome.error.contains(word), "\(outcome.error)")
    }

    @Test func aPresetIsSaidAndKeptInThePictureAndOptionsOverrideIt() throws {
        try Program.withFolder { folder in
            let path = "\(folder)/a.png"
            let drawn = try Program.run([
                "generate", "A dog", "--model", Program.checkpoint, "--height", "32", "--width", "32", "--device",
                "cpu",
                "--preset", "fast", "--steps", "8", "--output", path,
            ])
            #expect(drawn.status == 0, "\(drawn.error)")
            #expect(
                drawn.error.contains("preset fast: int8, euler, 8 steps, guidance 0.0 to 0.4, cache taylorseer:5:3"))
            let again = "\(folder)/b.png"
            let repeated = try Program.run(["generate", "--from", path, "--output", again])
            #expect(repeated.status == 0, "\(repeated.error)")
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: again))
        }
    }

    @Test func aPresetHidesNoRoundingThatAPackedModelCannotHave() throws {
        try Program.withFolder { folder in
            let packed = "\(folder)/packed"
            let written = try Program.run(["quantize", Program.checkpoint, "--type", "int8", "--output", packed])
            #expect(written.status == 0, "\(written.error)")
            let plan = ["plan", "A dog", "--model", packed, "--device", "cpu", "--preset", "fast"]
            #expect(try Program.run(plan).status == 0)
            let drawn = try Program.run([
                "generate", "A dog", "--model", packed, "--height", "32", "--width", "32", "--device", "cpu",
                "--preset", "fast", "--steps", "2", "--output", "\(folder)/a.png",
            ])
            #expect(drawn.status == 0 && drawn.error.contains("preset fast: int8 as packed, euler"), "\(drawn.error)")
            let refused = try Program.run(plan + ["--quantize", "int4"])
            #expect(refused.status == 64 && refused.error.contains("is packed as int8 and cannot be loaded as int4"))
        }
    }
}
