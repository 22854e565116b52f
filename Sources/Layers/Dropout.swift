import Torch

/// Sets elements to zero by chance and scales the others, so that the mean stays: for training only.
///
/// The mask comes from a generator of our own, whose state is saved with a run.
package struct Dropout {
    package let rate: Double
    private let generator: Generator

    /// - Parameter rate: the share of elements that become zero, in 0..<1.
    package init(rate: Double, _ generator: Generator) {
        self.rate = rate
        self.generator = generator
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        if rate <= 0 { return x }
        let kept = Float(1 / (1 - rate))
        let mask = generator.rand(x.count).map { Double($0) < rate ? 0 : kept }
        return try x * Tensor(mask, x.shape).to(x.dtype).to(x.device)
    }
}
