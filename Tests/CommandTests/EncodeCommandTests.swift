import Foundation
import Imaging
import Testing

@Suite(.serialized) struct EncodeCommandTests {
    /// A folder with pictures, captions and edits; `options.yml` trains from them, `encoded.yml` from what is encoded.
    private static func withData<R>(_ body: (String) throws -> R) throws -> R {
        try Program.withFolder { folder in
            try Program.writeSamples(to: folder)
            for (name, data) in [("options", "data.jsonl"), ("encoded", "encoded")] {
                try write(
                    """
                    seed: 3
                    data: {data_path: \(data), prompt_dropout_prob: 0.4, ref_img_dropout_prob: 0.5}
                    train: {batch_size: 2, max_train_steps: 6, learning_rate: 0.001, warmup_t: 2, ema_decay: 0.9}
                    logger: {checkpointing_steps: 3}
                    resume_from_checkpoint: latest
                    """, "\(folder)/\(name).yml")
            }
            return try body(folder)
        }
    }

    private static func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private static func encode(_ folder: String, _ more: String...) throws -> Program.Outcome {
        try Program.run(
            ["data", "encode", "\(folder)/options.yml", "--model", Program.checkpoint, "-o", "\(folder)/encoded"] + more
        )
    }

    private static func train(
        _ folder: String, _ options: String, _ output: String, model: String = Program.checkpoint, _ more: String...
    ) throws -> Program.Outcome {
        try Program.run(
            ["train", "--config", "\(folder)/\(options).yml", "--model", model, "--output", "\(folder)/\(output)"]
                + more)
    }

    /// State and weights after a step.
    private static func files(_ folder: String, step: Int = 6) throws -> [Data] {
        try ["training.safetensors", "transformer/diffusion_pytorch_model.safetensors"].map {
            try Data(contentsOf: URL(fileURLWithPath: "\(folder)/checkpoint-\(step)/\($0)"))
        }
    }

    @Test func aRunFromEncodedSamplesMakesTheBitsOfOneFromPictures() throws {
        try Self.withData { folder in
            let encoded = try Self.encode(folder, "--batch-size", "1", "--json")
            #expect(encoded.status == 0, "\(encoded.error)")
            #expect(encoded.output.contains(#"{"event":"warning","text":"left out: \#(folder)/data.jsonl:2: "#))
            #expect(encoded.output.contains(#""event":"saved","leftOut":1,"path":"\#(folder)/encoded","samples":4}"#))
            #expect(try Self.train(folder, "options", "pictures").status == 0)
            let expected = try Self.files(folder + "/pictures")

            let straight = try Self.train(folder, "encoded", "straight")
            #expect(straight.status == 0 && straight.error.contains("data.jsonl: sample 2: was left out"))
            #expect(try Self.files(folder + "/straight") == expected)

            let first = try Self.train(folder, "encoded", "stopped", "--steps", "3")
            let second = try Self.train(folder, "encoded", "stopped")
            #expect(first.status == 0 && second.status == 0 && second.error.contains("goes on after step 3"))
            #expect(try Self.files(folder + "/stopped") == expected)
        }
    }

    @Test func neitherAutoencoderNorLanguageModelIsNeededThen() throws {
        try Self.withData { folder in
            #expect(try Self.encode(folder).status == 0)
            let model = folder + "/model"
            try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
            for part in ["model_index.json", "transformer", "scheduler", "processor"] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(model)/\(part)", withDestinationPath: "\(Program.checkpoint)/\(part)")
            }
            let whole = try Self.train(folder, "encoded", "whole")
            let part = try Self.train(folder, "encoded", "part", model: model)
            #expect(whole.status == 0 && part.status == 0 && part.error.contains("has no vae, mllm: "), "\(part.error)")
            #expect(try Self.files(folder + "/part") == Self.files(folder + "/whole"))
        }
    }

    @Test func whatIsThereIsReplacedWhenAskedTo() throws {
        try Self.withData { folder in
            #expect(try Self.encode(folder).status == 0)
            let again = try Self.encode(folder)
            #expect(again.status == 73 && again.error.contains("pass --force to replace it"))
            #expect(try Self.encode(folder, "--force").status == 0)
            try FileManager.default.removeItem(atPath: "\(folder)/encoded/encoded.json")
            let other = try Self.encode(folder, "--force")
            #expect(other.status == 73 && other.error.contains("holds no encoded samples and is not replaced"))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!names.contains { $0.contains("partial") })
        }
    }

    @Test func damagedSamplesAndOtherStagesAreErrors() throws {
        try Self.withData { folder in
            #expect(try Self.encode(folder).status == 0)
            let stage = try Self.train(folder, "encoded", "out", "--stage", "vae")
            #expect(stage.status == 65 && stage.error.contains("only the transformer is trained"))
            let url = URL(fileURLWithPath: "\(folder)/encoded/part-0-shard-0.safetensors")
            try Data(contentsOf: url).dropLast(8).write(to: url)
            let damaged = try Self.train(folder, "encoded", "out")
            #expect(
                damaged.status == 65 && damaged.error.contains("shard-0.safetensors\": ")
                    && damaged.error.contains("truncated"))
        }
    }
}
