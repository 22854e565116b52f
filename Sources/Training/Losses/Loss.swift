import Diffusion
import Layers
import Torch

/// What a trainer makes smaller: a function of the weights of a model and a batch. It builds the model it is about.
package protocol Loss {
    associatedtype Batch
    /// Names of what `LossTerms.measures` holds, in order.
    var measureNames: [String] { get }

    /// - Parameter execution: how blocks are run; a loss whose model has none ignores it.
    func callAsFunction(
        _ weights: Weights, _ batch: Batch, _ generators: Generators, _ execution: any BlockExecution
    ) throws -> LossTerms
}

/// A loss of one batch. The trainer divides the sum by the count over all batches and processes of a step, so a step does
/// not depend on how its samples are spread over them.
package struct LossTerms {
    /// Scalar, with its history.
    package let sum: Tensor
    /// Elements that the sum is over.
    package let count: Int
    package let measures: [Measure]

    package init(sum: Tensor, count: Int, measures: [Measure]) {
        self.sum = sum
        self.count = count
        self.measures = measures
    }
}

/// Something to report: a sum and what it is divided by.
package struct Measure: Sendable, Equatable {
    package var sum: Double
    package var count: Double

    package init(sum: Double = 0, count: Double = 0) {
        self.sum = sum
        self.count = count
    }

    /// `nil` when nothing was counted.
    package var mean: Double? { count > 0 ? sum / count : nil }
}
