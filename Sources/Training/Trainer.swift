import Diffusion
import Layers
import Torch

/// Makes a loss smaller: forward, backward, clip, AdamW, average. It knows neither the model nor the data.
package final class Trainer<Objective: Loss> {
    package struct Options: Codable, Equatable, Sendable {
        package var optimizer = AdamW.Options()
        package var schedule: LearningRateSchedule
        /// `nil` does not clip.
        package var maximumGradientNorm: Double? = 1
        /// Decay of the average of the weights; `nil` keeps none.
        package var averageDecay: Double?
        package var recomputesBlocks = true

        package init(schedule: LearningRateSchedule) { self.schedule = schedule }

        /// - Throws: `TrainingError.option` for a value outside its range.
        package func validate() throws(TrainingError) {
            try optimizer.validate()
            try schedule.validate()
            if let norm = maximumGradientNorm, !(norm > 0) {
                throw .option("the largest gradient norm must be positive, got \(norm)")
            }
        }
    }

    /// What a step has done.
    package struct Report: Sendable {
        /// Number of the step; the first is 1.
        package let step: Int
        package let loss: Double
        /// Before clipping.
        package let gradientNorm: Double
        package let rate: Double
        /// What the loss measures, by name; only what was counted.
        package let measures: [String: Double]
    }

    package let parameters: Parameters
    package let options: Options
    package let generators: Generators
    let optimizer: AdamW
    package let average: WeightAverage?
    private let loss: Objective
    private let sumOverProcesses: ProcessSum

    /// - Parameter sumOverProcesses: where a run has several processes, how their gradients become one.
    package init(
        _ parameters: Parameters, _ loss: Objective, _ options: Options, seed: UInt64,
        sumOverProcesses: @escaping ProcessSum = { _ in }
    ) throws {
        try options.validate()
        self.parameters = parameters
        self.loss = loss
        self.options = options
        self.sumOverProcesses = sumOverProcesses
        generators = Generators(seed: seed)
        let values = parameters.list.map(\.value)
        optimizer = try AdamW(values, options.optimizer)
        average = try options.averageDecay.map { try WeightAverage(values, decay: $0) }
    }

    /// Steps that have been taken.
    package var stepCount: Int { optimizer.count }

    /// One step on all of `batches`, which go through the model one after the other.
    ///
    /// - Throws: `TrainingError.diverged`, and then nothing has changed but the generators.
    package func step(_ batches: [Objective.Batch]) throws -> Report {
        try parameters.clearGradients()
        var totals = Array(repeating: Measure(), count: 1 + loss.measureNames.count)
        for batch in batches {
            let terms = try accumulate(batch)
            for (index, measure) in terms.enumerated() {
                totals[index].sum += measure.sum
                totals[index].count += measure.count
            }
        }
        let gradients = try parameters.gradients()
        totals = try reduce(gradients, totals)
        guard let mean = totals[0].mean else { throw TrainingError.batch("a step needs a batch with elements") }

        let norm = try Gradients.norm(gradients) / totals[0].count
        guard mean.isFinite, norm.isFinite else {
            throw TrainingError.diverged(step: stepCount + 1, loss: mean, gradientNorm: norm)
        }
        let clipping = options.maximumGradientNorm.map { Gradients.clipping(norm, to: $0) } ?? 1
        try Gradients.scale(gradients, by: clipping / totals[0].count)
        let rate = options.schedule.rate(atStep: stepCount)
        try optimizer.step(gradients, rate: rate)
        try average?.update(parameters.list.map(\.value))

        let measures = zip(loss.measureNames, totals.dropFirst()).compactMap { name, total in
            total.mean.map { (name, $0) }
        }
        return Report(
            step: stepCount, loss: mean, gradientNorm: norm, rate: rate,
            measures: Dictionary(measures, uniquingKeysWith: { $1 }))
    }

    /// Adds the gradients of a batch; the loss and what it measures.
    private func accumulate(_ batch: Objective.Batch) throws -> [Measure] {
        let recomputed = options.recomputesBlocks ? RecomputedExecution(rewinding: [generators.dropout]) : nil
        return try withGradients {
            let weights = parameters.weights(dropout: generators.dropout)
            let terms = try loss(weights, batch, generators, recomputed ?? DirectExecution())
            try terms.sum.backward()
            try recomputed?.finish()
            let sum = Double(try terms.sum.detached().floats()[0])
            return [Measure(sum: sum, count: Double(terms.count))] + terms.measures
        }
    }

    /// Gradients and totals of all processes.
    private func reduce(_ gradients: [Tensor], _ totals: [Measure]) throws -> [Measure] {
        let numbers = try Tensor(totals.flatMap { [$0.sum, $0.count] }, [totals.count, 2])
        try sumOverProcesses(gradients + [numbers])
        let summed = try numbers.doubles()
        return totals.indices.map { Measure(sum: summed[2 * $0], count: summed[2 * $0 + 1]) }
    }
}
