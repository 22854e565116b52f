/// What stops training.
package enum TrainingError: Error, CustomStringConvertible, Sendable {
    case option(String)
    case batch(String)
    /// The loss or the gradients are no numbers any more; the parameters are those before the step.
    case diverged(step: Int, loss: Double, gradientNorm: Double)
    case checkpoint(path: String, reason: String)
    /// Encoded samples that cannot be used.
    case data(path: String, reason: String)

    package var description: String {
        switch self {
        case .option(let reason), .batch(let reason): reason
        case .diverged(let step, let loss, let norm):
            "step \(step): training has diverged: loss \(loss), gradient norm \(norm)"
        case .checkpoint(let path, let reason), .data(let path, let reason): "\(path): \(reason)"
        }
    }
}
