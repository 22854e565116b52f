import Foundation
import Imaging
import OmniGen2
import Testing

@testable import omnigen2

@Suite(.serialized) struct ConvertCommandTests {
    private static let autoencoder = Program.checkpoint + "/vae/diffusion_pytorch_model.safetensors"
    private static let languageModel = Program.checkpoint + "/mllm/model.safetensors"

    @Test func aModelIsConvertedAndDrawsTheSamePicture() throws {
        try Program.withFolder { folder in
            let model = folder + "/models/tiny"
            let converted = try Program.run(
                ["convert", "--model", Program.checkpoint, "--vae", Self.autoencoder, "--output", model, "--json"])
            #expect(converted.status == 0, "\(converted.error)")
            #expect(converted.output.contains(#"{"event":"tensor","of":240,"part":"vae","tensor":240}"#))
            #expect(converted.output.hasSuffix("{\"event\":\"saved\",\"path\":\"\(model)\"}\n"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/models") == ["tiny"])
            func draw(_ name: String, _ options: [String]) throws -> Image {
                let outcome = try Program.run(
                    [
                        "generate", "A dog", "--height", "32", "--width", "48", "--steps", "1", "--dtype", "fp32",
                        "--output", "\(folder)/\(name).png",
                    ] + options)
                #expect(outcome.status == 0, "\(outcome.error)")
                return try Image(contentsOf: "\(folder)/\(name).png")
            }
            let picture = try draw("a", ["--model", Program.checkpoint])
            #expect(try draw("b", ["--model", model]) == picture)
            let files = ["--model", Program.checkpoint, "--vae", Self.autoencoder, "--mllm", Self.languageModel]
            #expect(try draw("c", files) == picture)
            let record = try GenerationRecord(readingFrom: folder + "/c.png").entry().value
            #expect(record.contains("\"vae\":\"\(Self.autoencoder)\"") && !record.contains("\"transformer\""))
            let again = try Program.run(["generate", "--from", folder + "/c.png", "--output", folder + "/d.png"])
            #expect(again.status == 0, "\(again.error)")
            #expect(try Image(contentsOf: folder + "/d.png") == picture)
        }
    }

    @Test(arguments: [
        (["--output", "x"], 64, "give --model, or --transformer, --vae and --mllm"),
        (["--model", "/nowhere/model", "--output", "x"], 66, "/nowhere/model: no such folder"),
        (["--model", Program.checkpoint, "--output", "x", "--dtype", "int3"], 64, "--dtype must be one of"),
        (["--model", Program.checkpoint, "--output", "x", "--max-shard-size", "many"], 64, "--max-shard-size"),
        (["--model", Program.checkpoint, "--output", "/etc"], 73, "/etc exists; pass --force"),
        (["--model", Program.checkpoint, "--output", "/etc", "--force"], 73, "/etc is no model folder"),
        (["--model", Program.checkpoint, "--output", "/proc/x"], 73, "cannot create /proc/x"),
        (
            ["--model", Program.checkpoint, "--output", "/tmp/x", "--transformer", autoencoder], 65,
            "not the transformer of a model"
        ),
        (
            ["--model", Program.checkpoint, "--output", "/tmp/x", "--vae", "/nowhere.safetensors"], 66,
            "/nowhere.safetensors"
        ),
    ])
    func aBadValueGetsOneClearLineAndItsCode(arguments: [String], status: Int, words: String) throws {
        let outcome = try Program.run(["convert"] + arguments)
        #expect(outcome.status == Int32(status), "\(outcome.error)")
        #expect(outcome.error.contains(words), "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/x"))
    }

    @Test func sizesAreRead() {
        #expect(ByteCount(argument: "5GB")?.bytes == 5_000_000_000)
        #expect(ByteCount(argument: "4gib")?.bytes == 4 << 30)
        #expect(ByteCount(argument: "12")?.bytes == 12)
        for wrong in ["", "GB", "-1", "0", "1.5GB", "99999999999GB"] { #expect(ByteCount(argument: wrong) == nil) }
    }
}
