import Diffusion
import Layers
import OmniGen2
import Torch

/// A training run of the transformer: samples, steps, checkpoints.
///
/// Source: `train.py` of the original.
@Engine
package final class TrainingRun {
    /// What happens on the way.
    package enum Event: Sendable {
        case started(parameters: Int, samples: Int, from: Int)
        case step(Metrics)
        /// A sample that was passed over, and why.
        case skipped(String)
        case saved(String)
        case warning(String)
    }

    /// What a step has done.
    package struct Metrics: Encodable, Sendable {
        package let step: Int
        package let loss: Double
        package let gradientNorm: Double
        package let rate: Double
        package let seconds: Double
        /// Samples passed over so far.
        package let skipped: Int
        /// Mean losses in ten ranges of the time.
        package let bins: [String: Double]
    }

    private let options: TrainingOptions
    private let model: ModelFolder
    private let folder: RunFolder
    private let environment: [String: String]
    private let observe: @Sendable (Event) -> Void
    private let reader: SampleReader
    private let trainer: Trainer<FlowMatchingLoss>
    private var stream: SampleStream
    private var skipped = 0

    /// - Parameters:
    ///   - environment: what bits depend on: versions, threads, instruction set.
    ///   - observe: is told of each event.
    /// - Throws: when the options, the data or the model cannot be used.
    package init(
        _ options: TrainingOptions, _ model: ModelFolder, _ folder: RunFolder, device: Device,
        environment: [String: String], observe: @escaping @Sendable (Event) -> Void
    ) throws {
        (self.options, self.model, self.folder) = (options, model, folder)
        (self.environment, self.observe) = (environment, observe)
        let dtype: DType = options.computesInBFloat16 ? .bfloat16 : .float32
        let mixture = try DataMixture(path: options.data.path) { observe(.warning($0)) }
        stream = try SampleStream(mixture, seed: options.seed)
        reader = try SampleReader(model, options.data, dtype, device)
        let configuration = try model.transformerConfiguration()
        let source = try model.checkpoint(.transformer).source()
        let build: (Weights) throws -> Void = { _ = try Transformer($0, configuration) }
        let parameters =
            try options.lowRank.map {
                try Parameters(
                    source, computing: dtype, device: device, lowRank: $0, seed: options.seed, build: build)
            } ?? Parameters(source, computing: dtype, device: device, build: build)
        trainer = try Trainer(
            parameters, FlowMatchingLoss(configuration, options.timesteps), options.trainer, seed: options.seed)
        try resume()
        let count = parameters.list.reduce(0) { $0 + $1.value.count }
        observe(.started(parameters: count, samples: mixture.count, from: trainer.stepCount))
    }

    private func resume() throws {
        guard let wanted = options.run.resumesFrom else { return }
        guard let path = wanted == "latest" ? folder.latest : wanted else { return }
        let checkpoint = try RunFolder.state(of: path)
        try trainer.restore(checkpoint)
        let mixture = try DataMixture(path: options.data.path)
        stream = try SampleStream(mixture, seed: options.seed, position: checkpoint.progress.position)
        try folder.truncateMetrics(after: trainer.stepCount)
        for difference in checkpoint.differences(from: environment) {
            observe(.warning("not the same bits as without a stop: \(difference)"))
        }
    }

    /// Trains until the last step. Cancelling the task stops after the running step and keeps a checkpoint of it.
    package func callAsFunction() throws {
        while trainer.stepCount < options.run.steps {
            let start = ContinuousClock.now
            let batches = try (0..<options.run.accumulationSteps).map { _ in try batch() }
            let report = try trainer.step(batches)
            try log(report, since: start)
            let isLast = trainer.stepCount == options.run.steps
            if isLast || Task.isCancelled || trainer.stepCount % options.run.checkpointInterval == 0 { try save() }
            try Task.checkCancellation()
        }
    }

    /// Samples that can be read; others are counted and passed over.
    private func batch() throws -> [FlowMatchingLoss.Sample] {
        var batch: [FlowMatchingLoss.Sample] = []
        var failures = 0
        while batch.count < options.run.batchSize {
            for (file, line) in stream.next(options.run.batchSize - batch.count) {
                do {
                    batch.append(try reader(file[line], trainer.generators))
                    failures = 0
                } catch let error as SampleError {
                    skipped += 1
                    failures += 1
                    observe(.skipped("\(error)"))
                    if failures == Self.allowedFailures {
                        throw TrainingError.batch("\(failures) samples in a row cannot be read; the last: \(error)")
                    }
                }
            }
        }
        return batch
    }

    private static let allowedFailures = 100

    private func log(_ report: Trainer<FlowMatchingLoss>.Report, since start: ContinuousClock.Instant) throws {
        let duration = (ContinuousClock.now - start).components
        let metrics = Metrics(
            step: report.step, loss: report.loss, gradientNorm: report.gradientNorm, rate: report.rate,
            seconds: Double(duration.seconds) + Double(duration.attoseconds) / 1e18, skipped: skipped,
            bins: report.measures)
        try folder.log(metrics)
        observe(.step(metrics))
    }

    private func save() throws {
        let checkpoint = trainer.checkpoint(position: stream.position, environment: environment)
        let values = trainer.average?.values
        let path = try folder.save(checkpoint) { path in
            if let lowRank = options.lowRank {
                try TrainedWeights(trainer.parameters, values: values).write(to: path, adapter: lowRank)
            } else {
                let dtype: DType = options.computesInBFloat16 ? .bfloat16 : .float32
                try TrainedWeights(trainer.parameters, values: values, dtype: dtype).write(to: path, model: model)
            }
        }
        observe(.saved(path))
    }
}

extension TrainingOptions {
    /// What of the options the trainer needs.
    var trainer: Trainer<FlowMatchingLoss>.Options {
        var trainer = Trainer<FlowMatchingLoss>.Options(schedule: schedule)
        trainer.optimizer = optimizer
        trainer.maximumGradientNorm = maximumGradientNorm > 0 ? maximumGradientNorm : nil
        trainer.averageDecay = averageDecay > 0 ? averageDecay : nil
        trainer.recomputesBlocks = recomputesBlocks
        return trainer
    }
}
