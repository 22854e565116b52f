import Layers
import Torch

/// Answers to every name with random bfloat16 numbers out of a pool, as wide as the model says its tensors start: some
/// seconds for four thousand million numbers. Each tensor has memory of its own, as a checkpoint's have.
///
/// What starts as zeros is small random numbers, as it would be in a model that has learnt; what starts as ones lies
/// around 1.
package final class PooledSource: WeightSource {
    private let seed: UInt64
    private let pool: Tensor
    /// The pool at each deviation that was asked for: a handful, so that filling a tensor needs no memory beside it.
    private var scaled: [Double: Tensor] = [:]

    /// Deviation of what starts as a constant.
    private static let deviationOfZeros = 0.02
    private static let deviationOfOnes = 0.1

    package init(seed: UInt64) throws {
        self.seed = seed
        let numbers = RandomPool(seed: seed).numbers
        pool = try Tensor(copying: numbers, [numbers.count], .bfloat16)
    }

    package var origin: String { "random weights, seed \(seed)" }
    package var names: [String]? { nil }
    package func shape(of name: String) -> [Int]? { nil }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        switch initial {
        case .zeros: return try normal(name, shape, deviation: Self.deviationOfZeros)
        case .ones: return try normal(name, shape, deviation: Self.deviationOfOnes) + 1
        case .normal(let deviation): return try normal(name, shape, deviation: deviation)
        case .xavier:
            let outputs = shape.first ?? 1
            let inputs = shape.dropFirst().reduce(1, *)
            return try normal(name, shape, deviation: (2 / Double(inputs + outputs)).squareRoot())
        case .uniform(let inputs): return try normal(name, shape, deviation: 1 / Double(3 * inputs).squareRoot())
        }
    }

    /// Normal numbers of this name, bfloat16.
    package func normal(_ name: String, _ shape: [Int], deviation: Double = 1) throws -> Tensor {
        let pool = try scaled[deviation] ?? self.pool * deviation
        scaled[deviation] = pool
        let tensor = try Tensor.empty([shape.reduce(1, *)], dtype: .bfloat16)
        var place = 0
        for range in RandomPool.ranges(name, tensor.count) {
            let part = try tensor.narrowed(0, place..<place + range.count)
            try part.copy(from: pool.narrowed(0, range))
            place += range.count
        }
        return try tensor.reshaped(shape)
    }
}
