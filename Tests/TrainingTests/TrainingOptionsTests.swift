import Foundation
import Testing

@testable import Training

@Suite struct TrainingOptionsTests {
    private static func read(_ text: String) throws -> (options: TrainingOptions, reports: [String]) {
        try withFile(text, "run.yml") { path in
            var reports: [String] = []
            let options = try TrainingOptions(file: path) { reports.append($0.replacing(path, with: "run.yml")) }
            return (options, reports)
        }
    }

    private static let smallest = "data: {data_path: mix.yml}\ntrain: {learning_rate: !!float 8e-7}\n"

    @Test func whatIsLeftOutIsAsInTheOriginalsFiles() throws {
        let (options, reports) = try Self.read(Self.smallest)
        #expect(reports.isEmpty)
        #expect(options.data.path.hasSuffix("/mix.yml") && options.data.path.hasPrefix("/"))
        #expect(options.schedule == LearningRateSchedule(rate: 8e-7, warmUp: 500, warmUpStart: 1e-18))
        #expect(options.lowRank == nil && options.computesInBFloat16 && options.recomputesBlocks)
        #expect(options.timesteps.distribution == .logNormal && options.timesteps.shift?.tokens == nil)
    }

    @Test func theOriginalsNamesAreRead() throws {
        let (options, reports) = try Self.read(
            """
            name: ft_lora
            seed: 2233
            device_specific_seed: true
            data:
              data_path: /a/mix.yml
              maximum_text_tokens: 100
              prompt_dropout_prob: !!float 0.0001
              ref_img_dropout_prob: !!float 0.5
              max_output_pixels: 65536 # 256 * 256
              max_input_pixels: [65536, 4096]
              max_side_length: 512
            model:
              pretrained_model_path: here
              arch_opt: {patch_size: 2}
            transport: {snr_type: uniform, do_shift: true, dynamic_time_shift: false}
            train:
              global_batch_size: 16
              batch_size: 2
              gradient_accumulation_steps: 1
              max_train_steps: 40
              learning_rate: !!float 1e-4
              lr_scheduler: timm_cosine
              t_initial: 30
              lr_min: 1e-6
              cycle_decay: 0.5
              warmup_t: 5
              adam_beta2: 0.99
              max_grad_norm: 2
              mixed_precision: 'no'
              ema_decay: 0.9
              lora_ft: true
              lora_rank: 4
            val: {validation_steps: 500, train_visualization_steps: 100, num_inference_step: 7, text_guidance_scale: 3}
            logger: {log_with: [wandb, tensorboard], checkpointing_steps: 7, checkpoints_total_limit: ~}
            resume_from_checkpoint: latest
            frobnicate: 3
            """)
        #expect(options.name == "ft_lora" && options.seed == 2233 && options.model == "here")
        #expect(options.data.path == "/a/mix.yml" && options.data.maximumInputPixels == [65536, 4096])
        #expect((1...4).map(options.data.maximumInputPixels) == [65536, 4096, 4096, 4096])
        #expect(options.timesteps.distribution == .uniform && options.timesteps.shift?.tokens == 256)
        #expect(options.run.batchSize == 2 && options.run.accumulationSteps == 8 && options.run.steps == 40)
        #expect(options.schedule.shape == .cosine(length: 30, minimum: 1e-6, cycleDecay: 0.5))
        #expect(options.lowRank == LowRankOptions(rank: 4) && !options.computesInBFloat16)
        #expect(options.averageDecay == 0.9 && options.maximumGradientNorm == 2 && options.optimizer.beta2 == 0.99)
        #expect(options.run.checkpointLimit == nil && options.run.checkpointInterval == 7)
        #expect(options.run.writesTensorBoard && options.run.sampleInterval == 100)
        #expect(options.samples == SampleOptions(count: 3, steps: 7, textGuidance: 3, imageGuidance: 2))
        #expect(options.run.resumesFrom == "latest")
        #expect(reports.contains("run.yml:36: frobnicate is not known"))
        #expect(reports.contains("run.yml:3: device_specific_seed has no effect here"))
        #expect(!reports.contains { $0.contains("lora") || $0.contains("t_initial") })
    }

    @Test(arguments: [
        ("train: {learning_rate: 1}", "data.data_path is missing"),
        ("data: {data_path: a.yml}", "train.learning_rate must be there"),
        (smallest + "seed: -1", ":3: seed must be 0 or more"),
        (smallest + "seed: x", "seed must be a whole number, got 'x'"),
        (smallest + "transport: {snr_type: zero}", ":3: transport.snr_type must be one of lognorm,"),
        (smallest + "logger: {checkpointing_steps: 0}", "logger.checkpointing_steps must be at least 1, got 0"),
        (smallest + "val: {num_inference_step: 1001}", ":3: val.num_inference_step must be at most 1000, got 1001"),
        (smallest + "val: {num_train_visualization_samples: 0}", "must be at least 1, got 0"),
        (smallest + "model: 3", "model must hold names and values"), ("data: [", "no YAML"), ("- a", "must hold names"),
        (
            "data: {data_path: a, prompt_dropout_prob: 2}\ntrain: {learning_rate: 1}",
            "must be between 0.0 and 1.0, got 2.0"
        ),
        (
            "data: {data_path: a}\ntrain: {learning_rate: 1, global_batch_size: 3}",
            ":2: train.global_batch_size must be"
        ),
    ])
    func aWrongValueIsNamedWithItsLine(text: String, words: String) throws {
        let error = #expect(throws: SettingsError.self) { try Self.read(text) }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
}

/// Gives `body` the path of a file with a text, in a folder that is gone afterwards.
func withFile<R>(_ text: String, _ name: String, _ body: (String) throws -> R) throws -> R {
    try withFiles([name: text]) { try body("\($0)/\(name)") }
}

func withFiles<R>(_ texts: [String: String], _ body: (String) throws -> R) throws -> R {
    let folder = try writeFiles(texts)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

func withFiles<R>(_ texts: [String: String], _ body: (String) async throws -> R) async throws -> R {
    let folder = try writeFiles(texts)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

private func writeFiles(_ texts: [String: String]) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("omnigen2-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, text) in texts { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
    return folder
}
