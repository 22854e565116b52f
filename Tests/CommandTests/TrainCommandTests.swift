import Foundation
import Imaging
import Testing

@Suite(.serialized) struct TrainCommandTests {
    /// A folder with a small run: two kinds of tasks, sizes that differ, and a sample that cannot be read.
    private static func withRun<R>(_ body: (String) throws -> R) throws -> R {
        try Program.withFolder { folder in
            try Program.writeSamples(to: folder)
            return try body(folder)
        }
    }

    private static func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// Options of a run, of six steps unless changed.
    private static func options(_ folder: String, lora: Bool, _ more: String = "") throws -> String {
        let path = "\(folder)/options.yml"
        try write(
            """
            seed: 3
            data: {data_path: data.jsonl, prompt_dropout_prob: 0.2, ref_img_dropout_prob: 0.5}
            train:
              batch_size: 2
              max_train_steps: 6
              learning_rate: !!float 1e-3
              warmup_t: 2
              ema_decay: 0.9
              lora_ft: \(lora)
              lora_rank: 4
              lora_dropout: 0.1
            logger: {checkpointing_steps: 1, checkpoints_total_limit: 2}
            resume_from_checkpoint: latest
            \(more)
            """, path)
        return path
    }

    private static func arguments(_ options: String, _ output: String) -> [String] {
        ["train", "--config", options, "--model", Program.checkpoint, "--output", output]
    }

    private static func files(_ folder: String) throws -> [String: Data] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
            $0.hasSuffix(".safetensors") || $0.hasSuffix("adapter_config.json") || $0 == "latest"
                || $0.contains("partial")
        }
        return Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))) })
    }

    @Test func anAdapterIsTrainedResumedToTheSameBitsAndDraws() throws {
        try Self.withRun { folder in
            let options = try Self.options(folder, lora: true)
            let straight = try Program.run(Self.arguments(options, folder + "/straight"))
            #expect(straight.status == 0, "\(straight.error)")
            #expect(
                straight.error.contains("passed over: \(folder)/data.jsonl:2: ") && straight.error.contains("step 6/6"))
            let first = try Program.run(Self.arguments(options, folder + "/stopped") + ["--steps", "3"])
            let second = try Program.run(Self.arguments(options, folder + "/stopped"))
            #expect(first.status == 0 && second.status == 0 && second.error.contains("goes on after step 3"))
            let made = try Self.files(folder + "/straight")
            #expect(made.keys.contains("checkpoint-6/adapter_model.safetensors") && made.count == 7)
            #expect(try Self.files(folder + "/stopped") == made)
            let metrics = try String(contentsOfFile: "\(folder)/stopped/metrics.jsonl", encoding: .utf8)
            #expect(metrics.split(separator: "\n").count == 6)
            let drawn = try Program.run([
                "generate", "x", "--model", Program.checkpoint, "--steps", "1", "--height", "32", "--width", "32",
                "--lora", "\(folder)/straight/checkpoint-6", "-o", "\(folder)/x.png",
            ])
            #expect(drawn.status == 0 && drawn.error.contains("36 modules matched, rank 4, scale 1.0"))
        }
    }

    @Test func aRunThatIsKilledAtAnyMomentGoesOnToTheSameBits() throws {
        try Self.withRun { folder in
            let options = try Self.options(folder, lora: false)
            #expect(try Program.run(Self.arguments(options, folder + "/straight")).status == 0)
            for delay in [0.3, 0.45, 0.6, 0.75, 0.9] {
                try Program.runAndKill(Self.arguments(options, folder + "/killed"), after: delay)
            }
            let last = try Program.run(Self.arguments(options, folder + "/killed"))
            #expect(last.status == 0, "\(last.error)")
            #expect(
                try Self.files(folder + "/killed")
                    == Self.files(folder + "/straight"))
            let drawn = try Program.run([
                "generate", "x", "--model", "\(folder)/killed/checkpoint-6", "--steps", "1", "--height", "32",
                "--width",
                "32", "-o", "\(folder)/x.png",
            ])
            #expect(drawn.status == 0, "\(drawn.error)")
        }
    }

    @Test(arguments: [
        ("{data: {data_path: data.jsonl}, train: {learning_rate: x}}", Int32(65), "learning_rate must be a number"),
        ("data: {data_path: no.yml}", 65, "learning_rate"),
        ("{data: {data_path: no.jsonl}, train: {learning_rate: 1}}", 66, "no.jsonl"),
        (
            "{data: {data_path: data.jsonl}, train: {learning_rate: 1}, resume_from_checkpoint: /nowhere}", 66,
            "/nowhere"
        ),
    ])
    func whatIsWrongIsNamed(options: String, status: Int32, words: String) throws {
        try Self.withRun { folder in
            try Self.write(options, "\(folder)/bad.yml")
            let outcome = try Program.run(Self.arguments("\(folder)/bad.yml", folder + "/out"))
            #expect(outcome.status == status && outcome.error.contains(words), "\(outcome.error)")
        }
    }
}
