/// What happens in a training run.
package enum TrainingEvent: Sendable {
    case started(parameters: Int, samples: Int, from: Int)
    case step(StepMetrics)
    /// A sample that was passed over, and why.
    case skipped(String)
    case saved(String)
    /// Files that show what a few samples look like after a step.
    case sampled([String])
    case warning(String)
}

/// What a step has done.
package struct StepMetrics: Encodable, Sendable {
    package let step: Int
    package let loss: Double
    package let gradientNorm: Double
    package let rate: Double
    package let seconds: Double
    /// Samples passed over so far.
    package let skipped: Int
    /// What the loss measures beside itself, by name: mean losses in ten ranges of the time, for one.
    package let measures: [String: Double]
}
