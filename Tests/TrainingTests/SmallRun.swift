import Foundation
import Imaging
import OmniGen2
import Torch

@testable import Training

/// A run of the tiny checkpoint on three samples and one that cannot be read.
struct SmallRun {
    let folder: String
    let options: TrainingOptions

    static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/goldens/omnigen2-tiny").path

    /// - Parameter more: members of `train`, `val` and `logger`.
    init(_ folder: String, stage: StageName, train: String = "", val: String = "", logger: String = "") throws {
        for (name, width, height) in [("a", 48, 32), ("b", 32, 64), ("c", 64, 48)] {
            let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ width) }
            try Image(width: width, height: height, pixels: pixels).write(to: "\(folder)/\(name).png")
        }
        try Data(
            """
            {"task_type": "t2i", "instruction": "The image shows a", "output_image": "a.png"}
            {"task_type": "t2i", "instruction": "b", "input_images": ["no.png"], "output_image": "no.png"}
            {"task_type": "edit", "instruction": "c", "input_images": ["a.png", "b.png"], "output_image": "c.png"}
            {"task_type": "qa", "instruction": "d", "input_images": ["c.png"], "output_image": "b.png", "output_text": "e"}
            """.utf8
        ).write(to: URL(fileURLWithPath: "\(folder)/data.jsonl"))
        let settings = """
            data: {data_path: data.jsonl, prompt_dropout_prob: 0.2}
            train: {stage: \(stage.rawValue), batch_size: 2, learning_rate: 1e-3, warmup_t: 0, ema_decay: 0.9\(train)}
            val: {num_inference_step: 2\(val)}
            logger: {checkpointing_steps: 1\(logger)}
            resume_from_checkpoint: latest
            """
        try Data(settings.utf8).write(to: URL(fileURLWithPath: "\(folder)/options.yml"))
        self.folder = folder
        options = try TrainingOptions(file: "\(folder)/options.yml")
    }

    /// Runs up to a step, below `name`, and returns that folder.
    @Engine
    @discardableResult
    func callAsFunction(
        _ name: String, to step: Int, observe: @escaping @Sendable (TrainingEvent) -> Void = { _ in }
    ) throws -> String {
        var options = options
        options.run.steps = step
        let (model, device) = (try ModelFolder(path: Self.model), Device.cpu)
        let mixture = try DataMixture(path: options.data.path)
        let path = "\(folder)/\(name)"
        func run<Stage: TrainingStage>(_ stage: Stage, _ sampler: any StageSampler) throws
        where Stage.File == SampleFile {
            try TrainingRun(
                stage, options, model, mixture, RunFolder(path), sampler: sampler, device: device, environment: [:],
                observe: observe)()
        }
        switch options.stage {
        case .transformer:
            try run(
                TransformerStage(model, options, SampleReader(model, options.data, options.dtype, device)),
                PictureSampler(model, options, mixture, device))
        case .vae:
            try run(
                AutoencoderStage(model, options, mixture, options.dtype, device),
                ReconstructionSampler(model, options, mixture, device))
        case .mllm:
            try run(LanguageModelStage(model, options, device), AnswerSampler(model, options, mixture, device))
        }
        return path
    }
}
