import Diffusion
import Layers
import OmniGen2
import Torch

/// A training run of one part of a model: samples, steps, checkpoints.
///
/// Source: `train.py` of the original.
@Engine
package final class TrainingRun<Stage: TrainingStage> {
    private let options: TrainingOptions
    private let model: ModelFolder
    private let folder: RunFolder
    private let environment: [String: String]
    private let mixture: DataMixture<Stage.File>
    private let observe: @Sendable (TrainingEvent) -> Void
    private let stage: Stage
    private let sampler: (any StageSampler)?
    private let trainer: Trainer<Stage.Objective>
    private var tensorBoard: TensorBoardLog?
    private var stream: SampleStream<Stage.File>
    private var skipped = 0

    /// - Parameters:
    ///   - stage: reads the samples of `mixture`.
    ///   - sampler: shows at intervals what the part in training makes of a few samples.
    ///   - environment: what bits depend on: versions, threads, instruction set.
    ///   - observe: is told of each event.
    /// - Throws: when the options or the model cannot be used.
    package init(
        _ stage: Stage, _ options: TrainingOptions, _ model: ModelFolder, _ mixture: DataMixture<Stage.File>,
        _ folder: RunFolder, sampler: (any StageSampler)? = nil, device: Device, environment: [String: String],
        observe: @escaping @Sendable (TrainingEvent) -> Void
    ) throws {
        (self.stage, self.options, self.model, self.folder) = (stage, options, model, folder)
        (self.mixture, self.environment, self.observe) = (mixture, environment, observe)
        self.sampler = options.run.sampleInterval > 0 ? sampler : nil
        try options.validate()
        if options.run.resumesFrom == nil, let latest = folder.latest {
            throw GenerationError.output(
                "\(latest) is there: name another folder, or go on with 'resume_from_checkpoint: latest'")
        }
        stream = try SampleStream(mixture, seed: options.seed)
        let checkpoint = try Self.checkpoint(options, folder)
        let source =
            try checkpoint == nil
            ? stage.start(model.checkpoint(stage.part).source()) { try Self.first($0, stage, options, mixture) }
            : model.checkpoint(stage.part).source()
        trainer = try Trainer(
            Self.parameters(source, stage, options, device), stage.loss, options.trainer(), seed: options.seed)
        for beginning in options.trainedWeights ?? []
        where !trainer.parameters.list.contains(where: { $0.path.hasPrefix(beginning) }) {
            throw TrainingError.option(
                "trained_weights: no weight of the \(stage.part.rawValue) begins with '\(beginning)'")
        }
        if let checkpoint { try resume(checkpoint) }
        try folder.truncateMetrics(after: trainer.stepCount)
        if options.run.writesTensorBoard {
            tensorBoard = try TensorBoardLog(folder: folder.logs, firstStep: trainer.stepCount + 1)
        }
        let count = trainer.parameters.list.reduce(0) { $0 + $1.value.count }
        observe(.started(parameters: count, samples: mixture.count, from: trainer.stepCount))
    }

    private static func parameters(
        _ source: any WeightSource, _ stage: Stage, _ options: TrainingOptions, _ device: Device
    ) throws -> Parameters {
        guard let lowRank = options.lowRank else {
            return try Parameters(
                source, computing: options.dtype, device: device, isTrained: options.trains,
                ignoring: { stage.part == .mllm && $0 == "lm_head.weight" },
                build: stage.build)
        }
        guard stage.part == .transformer else {
            throw TrainingError.option("an adapter can be trained for the transformer, not for \(stage.part.rawValue)")
        }
        return try Parameters(
            source, computing: options.dtype, device: device, lowRank: lowRank, seed: options.seed, build: stage.build)
    }

    /// What is learnt from the first samples that can be read, without a trace in the run.
    private static func first(
        _ count: Int, _ stage: Stage, _ options: TrainingOptions, _ mixture: DataMixture<Stage.File>
    ) throws -> [Stage.Item] {
        var stream = try SampleStream(mixture, seed: options.seed)
        let generators = Generators(seed: options.seed)
        return BlockCancellation.$isPutOff.withValue(true) {
            stream.next(min(count, mixture.count)).flatMap { file, line in
                (try? stage.items(file[line], generators)) ?? []
            }
        }
    }

    /// Where the run goes on; nil where it begins.
    private static func checkpoint(_ options: TrainingOptions, _ folder: RunFolder) throws -> Checkpoint? {
        guard let wanted = options.run.resumesFrom else { return nil }
        guard let path = wanted == "latest" ? folder.latest : wanted else { return nil }
        return try RunFolder.state(of: path)
    }

    private func resume(_ checkpoint: Checkpoint) throws {
        try trainer.restore(checkpoint)
        stream = try SampleStream(mixture, seed: options.seed, position: checkpoint.progress.position)
        skipped = checkpoint.progress.skipped ?? 0
        for difference in checkpoint.differences(from: environment) {
            observe(.warning("not the same bits as without a stop: \(difference)"))
        }
    }

    /// Trains until the last step. Cancelling the task stops after the running step and keeps a checkpoint of it.
    package func callAsFunction() throws {
        while trainer.stepCount < options.run.steps {
            let start = ContinuousClock.now
            let report = try BlockCancellation.$isPutOff.withValue(true) {
                try trainer.step((0..<options.run.accumulationSteps).map { _ in try batch() })
            }
            try log(report, since: start)
            if trainer.stepCount % max(1, options.run.sampleInterval) == 0 { showSamples() }
            let isLast = trainer.stepCount == options.run.steps
            if isLast || Task.isCancelled || trainer.stepCount % options.run.checkpointInterval == 0 { try save() }
            try Task.checkCancellation()
        }
    }

    /// Samples that can be read; others are counted and passed over.
    private func batch() throws -> [Stage.Item] {
        var batch: [Stage.Item] = []
        var (count, failures) = (0, 0)
        while count < options.run.batchSize {
            for (file, line) in stream.next(options.run.batchSize - count) {
                do {
                    batch += try stage.items(file[line], trainer.generators)
                    count += 1
                    failures = 0
                } catch let error as SampleError {
                    skipped += 1
                    failures += 1
                    observe(.skipped("\(error)"))
                    if failures == 100 {
                        throw TrainingError.batch("\(failures) samples in a row cannot be read; the last: \(error)")
                    }
                }
            }
        }
        return stage.arranged(batch)
    }

    private func log(_ report: Trainer<Stage.Objective>.Report, since start: ContinuousClock.Instant) throws {
        let metrics = StepMetrics(
            step: report.step, loss: report.loss, gradientNorm: report.gradientNorm, rate: report.rate,
            seconds: (ContinuousClock.now - start).seconds, skipped: skipped,
            measures: report.measures)
        try folder.log(metrics)
        try tensorBoard?.write(metrics)
        observe(.step(metrics))
    }

    /// What goes wrong here is said, and does not end the run.
    private func showSamples() {
        guard let sampler else { return }
        let step = trainer.stepCount
        do {
            let results = try sampler(trainer.parameters.weights(values: trainer.average?.values))
            let paths = try folder.write(results, step: step)
            try tensorBoard?.write(results, step: step)
            observe(.sampled(paths))
        } catch is CancellationError {
            // The run looks for itself whether it is to end.
        } catch {
            observe(.warning("step \(step): samples cannot be shown: \(error)"))
        }
    }

    private func save() throws {
        let checkpoint = trainer.checkpoint(position: stream.position, skipped: skipped, environment: environment)
        let values = trainer.average?.values
        let path = try folder.save(checkpoint) { path in
            if let lowRank = options.lowRank {
                try TrainedWeights(trainer.parameters, values: values).write(to: path, adapter: lowRank)
            } else {
                let configuration = try stage.configurationDocument(trainer.parameters.weights(values: values))
                try TrainedWeights(trainer.parameters, values: values, dtype: options.dtype)
                    .write(to: path, stage.part, configuration, model: model)
            }
        }
        observe(.saved(path))
    }
}

extension TrainingOptions {
    /// The number type that is computed in.
    package var dtype: DType { computesInBFloat16 ? .bfloat16 : .float32 }

    /// What of the options the trainer needs.
    func trainer<Objective>() -> Trainer<Objective>.Options {
        var trainer = Trainer<Objective>.Options(schedule: schedule)
        trainer.optimizer = optimizer
        trainer.maximumGradientNorm = maximumGradientNorm > 0 ? maximumGradientNorm : nil
        trainer.averageDecay = averageDecay > 0 ? averageDecay : nil
        trainer.recomputesBlocks = recomputesBlocks
        return trainer
    }
}
