import Torch

/// Where a generation's random numbers come from.
package protocol NoiseSource: AnyObject {
    /// Noise the picture starts from.
    func initialLatents(_ shape: [Int], _ dtype: DType) throws -> Tensor
    /// Noise of the posterior of reference `index` of the request.
    func posterior(_ index: Int, _ shape: [Int], _ dtype: DType) throws -> Tensor
}

/// Draws from PyTorch's CPU generator, the initial latents first, so that they equal the original's for a seed.
///
/// Deviation: the original draws posteriors from the global generator and is not reproducible.
package final class SeededNoise: NoiseSource {
    private let generator: Generator

    package init(seed: UInt64) { generator = Generator(seed: seed) }

    package func initialLatents(_ shape: [Int], _ dtype: DType) throws -> Tensor {
        try Tensor.randn(shape, dtype: dtype, generator)
    }

    package func posterior(_ index: Int, _ shape: [Int], _ dtype: DType) throws -> Tensor {
        try Tensor.randn(shape, dtype: dtype, generator)
    }
}
