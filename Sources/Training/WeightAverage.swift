import Torch

/// An exponential moving average of the parameters, whose decay grows from 0 to its limit.
///
/// Source: `EMAModel` of `omnigen2/training_utils.py` with its defaults.
package final class WeightAverage {
    package let values: [Tensor]
    package var count = 0
    private let limit: Double

    /// - Throws: `TrainingError.option` if `decay` lies outside 0...1.
    package init(_ parameters: [Tensor], decay: Double) throws {
        guard (0...1).contains(decay) else {
            throw TrainingError.option("the decay of the average must be in 0...1, got \(decay)")
        }
        limit = decay
        values = try parameters.map { try $0.detached().clone() }
    }

    /// The decay of the update after `count` updates.
    package static func decay(after count: Int, limit: Double) -> Double {
        count <= 1 ? 0 : min(Double(count) / Double(9 + count), limit)
    }

    package func update(_ parameters: [Tensor]) throws {
        count += 1
        let weight = 1 - Self.decay(after: count, limit: limit)
        try withGradients(false) {
            for (average, parameter) in zip(values, parameters) {
                try average.copy(from: average - (average - parameter) * weight)
            }
        }
    }
}
