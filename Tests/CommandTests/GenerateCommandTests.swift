import Foundation
import Imaging
import Testing

@Suite(.serialized) struct GenerateCommandTests {
    private static func quick(_ output: String, _ more: [String] = []) -> [String] {
        [
            "generate", "A dog running in the park", "--model", Program.checkpoint, "--height", "64", "--width", "96",
            "--steps", "2", "--dtype", "fp32", "--output", output,
        ] + more
    }

    @Test func aPictureRepeatsItselfByteForByteFromItsOwnSettings() throws {
        try Program.withFolder { folder in
            let (first, second) = (folder + "/new/a.png", folder + "/b.png")
            let drawn = try Program.run(Self.quick(first, ["--seed", "7", "--cfg-range", "0", "0.6"]))
            #expect(drawn.status == 0, "\(drawn.error)")
            let repeated = try Program.run(["generate", "--from", first, "--output", second])
            #expect(repeated.status == 0, "\(repeated.error)")
            let original = try Data(contentsOf: URL(fileURLWithPath: first))
            let copy = try Data(contentsOf: URL(fileURLWithPath: second))
            #expect(original == copy)
            #expect(try Image(contentsOf: first).width == 96)
        }
    }

    @Test func theProgramDrawsThePictureOfTheOriginal() throws {
        try Program.withFolder { folder in
            let path = folder + "/a.png"
            let drawn = try Program.run(
                Self.quick(path, ["--text-guidance", "4", "--negative-prompt", "", "--seed", "0", "--device", "cpu"]))
            #expect(drawn.status == 0, "\(drawn.error)")
            let goldens = Program.root.appendingPathComponent("Tests/Fixtures/goldens").path
            let compared = try Program.run([goldens, "--picture", path], program: "parity")
            #expect(compared.status == 0, "\(compared.error)")
            #expect(compared.output == "\(path) is the picture the original drew\n")
        }
    }

    /// Of 255; numbers are rounded to bfloat16 at other places.
    private static let meanDifferenceInBfloat16 = 3.0

    @Test(arguments: ["portable", "avx2", "avx512vnni"])
    func otherInstructionsDrawThePicture(_ kernels: String) throws {
        try Program.withFolder { folder in
            func pixels(_ name: String, _ more: [String], _ environment: [String: String] = [:]) throws -> [UInt8] {
                let path = "\(folder)/\(name).png"
                let drawn = try Program.run(Self.quick(path, ["--seed", "3"] + more), environment: environment)
                #expect(drawn.status == 0, "\(drawn.error)")
                return try Image(contentsOf: path).pixels
            }
            let exact = try pixels("exact", [])
            let rounded = try pixels("rounded", ["--dtype", "bf16"], ["OMNIGEN2_KERNELS": kernels])
            let difference = zip(exact, rounded).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
            #expect(difference / Double(exact.count) < Self.meanDifferenceInBfloat16)
        }
    }

    @Test func nothingIsOverwrittenUnasked() throws {
        try Program.withFolder { folder in
            let path = folder + "/a.png"
            try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
            let refused = try Program.run(Self.quick(path))
            #expect(refused.status == 73)
            #expect(refused.error == "error: \(path) exists; pass --force to overwrite it\n")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
            #expect(try Program.run(Self.quick(path, ["--force"])).status == 0)
            #expect(try Image(contentsOf: path).height == 64)
        }
    }

    @Test func severalPicturesAreNumbered() throws {
        try Program.withFolder { folder in
            #expect(try Program.run(Self.quick(folder + "/a.b/p.png", ["--count", "2"])).status == 0)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/a.b").sorted()
            #expect(names == ["p_0.png", "p_1.png"])
        }
    }

    @Test func jsonLinesTellEachStepAndTheFile() throws {
        try Program.withFolder { folder in
            let outcome = try Program.run(Self.quick(folder + "/a.png", ["--json"]))
            #expect(outcome.error.isEmpty)
            let lines = try outcome.output.split(separator: "\n").map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(lines.compactMap { $0["event"] as? String } == ["step", "step", "blockForwards", "saved"])
            #expect(lines.last?["path"] as? String == folder + "/a.png")
        }
    }

    @Test(arguments: [
        (["--height", "0"], 64, "height must be between 16 and 8192 pixels, got 0"),
        (["--width", "1000000"], 64, "width must be between 16 and 8192 pixels, got 1000000"),
        (["--steps", "0"], 64, "steps must be between 1 and 1000, got 0"),
        (["--scheduler", "ddim"], 64, "--scheduler must be one of euler, dpmsolver++, got 'ddim'"),
        (["--dtype", "int3"], 64, "--dtype must be one of fp32, fp16, bf16, got 'int3'"),
        (["--device", "mps"], 69, "mps is not supported yet"),
        (["--device", "tpu"], 64, "--device must be auto, cpu or cuda, got 'tpu'"),
        (["--cfg-range", "0.8", "0.2"], 64, "--cfg-range must be two ascending numbers within 0 and 1, got 0.8 0.2"),
        (["--cfg-range", "-1", "0.5"], 64, "got -1.0 0.5"),
        (["--threads", "3000000000"], 64, "--threads must be between 1 and 1024"),
        (["--nonsense"], 64, "--nonsense"),
        (["--output", "picture.gif"], 64, "--output must name a .png file, got 'picture.gif'"),
        (["--model", "/nowhere/model"], 66, "/nowhere/model: no such folder"),
        (["--model", "/tmp"], 65, "model_index.json is missing"),
        (["--libtorch", "/nowhere"], 69, "--libtorch: /nowhere holds no libtorch"),
        (["--model", "owner/na me"], 64, "owner/na me"),
        (["--from", "/nowhere.png"], 66, "/nowhere.png: no such file"),
    ])
    func aBadValueGetsOneClearLineAndItsCode(arguments: [String], status: Int, words: String) throws {
        try Program.withFolder { folder in
            let outcome = try Program.run(Self.quick(folder + "/a.png", arguments))
            #expect(outcome.status == Int32(status), "\(outcome.error)")
            #expect(outcome.error.contains(words), "\(outcome.error)")
            #expect(outcome.output.isEmpty)
            #expect(
                outcome.error.hasPrefix("error: ") && (status == 69 || outcome.error.split(separator: "\n").count == 1))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func anEmptyPromptAndAMissingOneAreUsageErrors() throws {
        let empty = try Program.run(["generate", " ", "--model", Program.checkpoint])
        #expect(empty.status == 64 && empty.error == "error: the prompt is empty\n")
        #expect(try Program.run(["generate"]).status == 64)
    }

    @Test func aMissingShardIsNamed() throws {
        try Program.withFolder { folder in
            let model = folder + "/model"
            try FileManager.default.copyItem(atPath: Program.checkpoint, toPath: model)
            let shard = "diffusion_pytorch_model-00002-of-00002.safetensors"
            try FileManager.default.removeItem(atPath: "\(model)/transformer/\(shard)")
            let outcome = try Program.run(Self.quick(folder + "/a.png", ["--model", model]))
            #expect(outcome.status == 66, "\(outcome.error)")
            #expect(outcome.error.contains(shard))
            #expect(outcome.error.split(separator: "\n").count == 1)
        }
    }

    @Test func theReadmesSnippetIsTheExampleAndTheExampleRuns() throws {
        let readme = try String(contentsOf: Program.root.appendingPathComponent("README.md"), encoding: .utf8)
        let example = try String(
            contentsOf: Program.root.appendingPathComponent("Examples/Embed/main.swift"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(example)```"))
        try Program.withFolder { folder in
            let outcome = try Program.run([Program.checkpoint, folder + "/a.png"], program: "embed")
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.output.contains("step 4 of 4\n") && outcome.output.contains("\nchat: "))
            #expect(try Image(contentsOf: folder + "/a.png").width == 96)
        }
    }
}
