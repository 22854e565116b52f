import Torch

/// Answers to every name with seeded random numbers, as the model says its tensors start: for tests, for benchmarks
/// at full size without a download, and for training from scratch.
///
/// Each tensor has a generator of its own, seeded by its name, so the order of reading does not matter.
package final class RandomSource: WeightSource {
    private let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    package var origin: String { "random weights, seed \(seed)" }
    package var names: [String]? { nil }
    package func shape(of name: String) -> [Int]? { nil }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        switch initial {
        case .zeros: return try Tensor.zeros(shape)
        case .ones: return try Tensor.ones(shape)
        case .normal(let deviation): return try normal(name, shape) * deviation
        case .xavier:
            let outputs = shape.first ?? 1
            let inputs = shape.dropFirst().reduce(1, *)
            return try uniform(name, shape, within: (6 / Double(inputs + outputs)).squareRoot())
        case .uniform(let inputs): return try uniform(name, shape, within: 1 / Double(inputs).squareRoot())
        }
    }

    private func uniform(_ name: String, _ shape: [Int], within bound: Double) throws -> Tensor {
        try Tensor(Generator(seed: seed(of: name)).rand(shape.reduce(1, *)), shape) * (2 * bound) - bound
    }

    private func normal(_ name: String, _ shape: [Int]) throws -> Tensor {
        try Tensor(Generator(seed: seed(of: name)).randn(shape.reduce(1, *)), shape)
    }

    /// FNV-1a of the name, mixed with the seed.
    private func seed(of name: String) -> UInt64 {
        name.utf8.reduce(0xcbf2_9ce4_8422_2325 ^ seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
