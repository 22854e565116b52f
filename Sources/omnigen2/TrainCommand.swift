import ArgumentParser
import OmniGen2
import Torch
import Training

/// `omnigen2 train`: fine-tuning, as the original's training script does it.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Fine-tune the model, or a LoRA adapter for it.",
        discussion: """
            Reads the options of the original's script, such as options/ft_lora.yml, and writes checkpoints below \
            --output: 'generate --model' takes those of the whole model, 'generate --lora' those of an adapter. A run \
            that was stopped goes on from its newest checkpoint, to the same bits, unless the options say otherwise.
            """)

    @Option(help: ArgumentHelp("Options of the run.", valueName: "yml"))
    var config: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder of the run. (default: experiments/NAME)", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("Model folder or repository. (default: the one of the options)", valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Part to train: the diffusion transformer, the autoencoder, or the language model with its vision tower. "
                + "(default: the one of the options, or the transformer)"))
    var stage: StageName?

    @Option(
        help: ArgumentHelp(
            "Data to train on, such as what 'data encode' wrote. (default: the data_path of the options)",
            valueName: "path"))
    var data: String?

    @Option(help: ArgumentHelp("Last step. (default: the one of the options)", valueName: "n"))
    var steps: Int?

    @Flag(help: "Report progress as JSON lines on standard output.")
    var json = false

    @OptionGroup(title: "Engine")
    var engine: EngineOptions

    func validate() throws {
        if let steps, steps < 1 { throw ValidationError("--steps must be at least 1, got \(steps)") }
    }

    func run() async throws {
        let display = ProgressDisplay(json: json)
        var options = try TrainingOptions(file: config, report: display.warning)
        options.model = model ?? options.model
        options.stage = stage ?? options.stage
        options.data.path = data ?? options.data.path
        options.run.steps = steps ?? options.run.steps
        let engineDescription = try await Engine.load(libtorch: engine.libtorch, threads: engine.threads)
        let folder = try RunFolder(output ?? "experiments/\(options.name)", keeping: options.run.checkpointLimit)
        let model = try await ModelLocation(options.model).resolve(progress: display.download, warn: display.warning)
        let environment = [
            "omnigen2": omniGen2Version, "libtorch": engineDescription.version,
            "threads": String(engineDescription.threads),
            "processor": Processor.features().joined(separator: " "),
        ]
        try await cancelledByInterruption { [options, engine] in
            try await Self.train(options, model, folder, environment, engine, display)
        }
    }

    @Engine
    private static func train(
        _ options: TrainingOptions, _ model: ModelFolder, _ folder: RunFolder, _ environment: [String: String],
        _ engine: EngineOptions, _ display: ProgressDisplay
    ) throws {
        let device = try Engine.device(DeviceRequest(rawValue: engine.device) ?? .auto)
        func train<Stage: TrainingStage>(
            _ stage: Stage, _ mixture: DataMixture<Stage.File>, _ sampler: (any StageSampler)?
        ) throws {
            let steps = options.run.steps
            let run = try TrainingRun(
                stage, options, model, mixture, folder, sampler: sampler, device: device, environment: environment
            ) { display.show($0, of: steps) }
            try run()
        }
        if options.stage == .transformer, EncodedFolder.exists(at: options.data.path) {
            let data = try EncodedFolder(path: options.data.path)
            let reader = try EncodedReader(
                data, model, options.data, options.dtype, device, report: display.warning)
            let sampler = options.run.sampleInterval > 0 ? data.originals(report: display.warning) : nil
            return try train(
                TransformerStage(model, options, reader), data.mixture,
                sampler.map { PictureSampler(model, options, $0, device) })
        }
        let mixture = try DataMixture(path: options.data.path, report: display.warning)
        switch options.stage {
        case .transformer:
            let reader = try SampleReader(model, options.data, options.dtype, device)
            try train(
                TransformerStage(model, options, reader), mixture, PictureSampler(model, options, mixture, device))
        case .vae:
            try train(
                AutoencoderStage(model, options, mixture, options.dtype, device), mixture,
                ReconstructionSampler(model, options, mixture, device))
        case .mllm:
            try train(
                LanguageModelStage(model, options, device), mixture, AnswerSampler(model, options, mixture, device))
        }
    }
}

extension StageName: ExpressibleByArgument {}

extension ProgressDisplay {
    /// News of a training run.
    fileprivate func show(_ event: TrainingEvent, of steps: Int) {
        switch event {
        case .started(let parameters, let samples, let step):
            self.event(
                "started", ["parameters": .int(parameters), "samples": .int(samples), "step": .int(step)])
            let start = step > 0 ? ", goes on after step \(step)" : ""
            if !isJSON { message("\(parameters) parameters, \(samples) samples an epoch\(start)") }
        case .step(let metrics): show(metrics, of: steps)
        case .skipped(let reason): warning("passed over: \(reason)")
        case .saved(let path):
            self.event("saved", ["path": .string(path)])
            if !isJSON { message("saved \(path)") }
        case .sampled(let paths):
            for path in paths { self.event("sample", ["path": .string(path)]) }
            if !isJSON, let first = paths.first {
                message("samples \(first)" + (paths.count > 1 ? " and \(paths.count - 1) more" : ""))
            }
        case .warning(let text): warning(text)
        }
    }

    private func show(_ metrics: StepMetrics, of steps: Int) {
        event(
            "step",
            [
                "step": .int(metrics.step), "of": .int(steps), "loss": .double(metrics.loss),
                "gradientNorm": .double(metrics.gradientNorm), "rate": .double(metrics.rate),
                "secondsPerStep": .double(metrics.seconds), "skipped": .int(metrics.skipped),
            ])
        guard !isJSON else { return }
        let left = Duration.seconds(metrics.seconds * Double(steps - metrics.step)).clock
        let loss = (metrics.loss * 1e4).rounded() / 1e4
        let text =
            "step \(metrics.step)/\(steps)  loss \(loss)  \(Duration.seconds(metrics.seconds).text)/step  \(left) left"
        if Terminal.errorIsTerminal, metrics.step < steps {
            Terminal.writeError("\r\u{1B}[K\(text)")
        } else {
            message(text)
        }
    }
}
