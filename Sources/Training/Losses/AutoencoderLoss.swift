import Diffusion
import Layers
import Torch

/// How far a picture that went through the autoencoder is from itself.
///
/// Of each picture: the reconstruction's absolute or squared error, `gradientWeight` times the absolute error of its
/// differences between neighbouring pixels, and `divergenceWeight` times the divergence of the posterior from a unit
/// Gaussian; each a sum, and the whole divided by the number of pixel values.
///
/// Sources: Kingma and Welling 2013 (posterior and divergence); Mathieu, Couprie and LeCun 2015 (gradient difference,
/// which stands here for a perceptual term: it needs no other network).
package struct AutoencoderLoss: Loss {
    package enum Reconstruction: String, CaseIterable, Sendable {
        case absolute = "l1"
        case squared = "l2"
    }

    package struct Options: Equatable, Sendable {
        package var reconstruction = Reconstruction.absolute
        package var gradientWeight = 0.5
        package var divergenceWeight = 1e-6

        package init() {}
    }

    package let configuration: AutoencoderConfiguration
    private let options: Options

    package init(_ configuration: AutoencoderConfiguration, _ options: Options = Options()) {
        self.configuration = configuration
        self.options = options
    }

    package var measureNames: [String] { ["reconstruction", "gradient", "divergence"] }

    /// - Parameter batch: pictures [3, H, W] in -1...1; those of one size go through the model together.
    package func callAsFunction(
        _ weights: Weights, _ batch: [Tensor], _ generators: Generators, _ execution: any BlockExecution
    ) throws -> LossTerms {
        guard !batch.isEmpty else { throw TrainingError.batch("a batch must hold a picture") }
        let noises = try batch.map { picture in
            try Tensor.randn(
                configuration.latentShape(of: picture), dtype: picture.dtype, generators.posterior
            ).to(picture.device)
        }
        return try terms(weights, batch, noises: noises)
    }

    /// - Parameter noises: what the latent of each picture is drawn with.
    package func terms(_ weights: Weights, _ batch: [Tensor], noises: [Tensor]) throws -> LossTerms {
        let model = try Autoencoder(weights, configuration)
        let groups = Dictionary(grouping: batch.indices) { batch[$0].shape }.values.sorted { $0[0] < $1[0] }
        let terms = try groups.map { group in
            try self.terms(model, Tensor.stacked(group.map { batch[$0] }), Tensor.stacked(group.map { noises[$0] }))
        }
        let sums = try (0..<measureNames.count).map { index in try Tensor.stacked(terms.map { $0[index] }).sum() }
        let count = batch.reduce(0) { $0 + $1.count }
        return LossTerms(
            sum: try sums[0] + sums[1] * options.gradientWeight + sums[2] * options.divergenceWeight, count: count,
            measures: try sums.map { Measure(sum: Double(try $0.detached().floats()[0]), count: Double(count)) })
    }

    /// The three sums of pictures of one size, scalars in float32.
    private func terms(_ model: Autoencoder, _ pictures: Tensor, _ noise: Tensor) throws -> [Tensor] {
        let posterior = try model.encode(pictures)
        let error = try model.decodeUnscaled(posterior.sample(noise)).to(.float32) - pictures.to(.float32)
        return [try reconstruction(error), try Self.gradient(error), try Self.divergence(posterior)]
    }

    private func reconstruction(_ error: Tensor) throws -> Tensor {
        switch options.reconstruction {
        case .absolute: try error.absolute().sum()
        case .squared: try (error * error).sum()
        }
    }

    /// Differences are linear: those of the error are the errors of the differences.
    private static func gradient(_ error: Tensor) throws -> Tensor {
        func differences(_ axis: Int) throws -> Tensor {
            let count = error.size(axis)
            return try (error.narrowed(axis, 1..<count) - error.narrowed(axis, 0..<count - 1)).absolute().sum()
        }
        return try differences(2) + differences(3)
    }

    private static func divergence(_ posterior: Autoencoder.Posterior) throws -> Tensor {
        let (mean, logVariance) = try (posterior.mean.to(.float32), posterior.logVariance.to(.float32))
        return try (mean * mean + logVariance.exp() - logVariance - 1).sum() * 0.5
    }
}

extension AutoencoderConfiguration {
    /// Of the latent of a picture [3, H, W].
    fileprivate func latentShape(of picture: Tensor) -> [Int] {
        [latentChannels, picture.size(1) / scaleFactor, picture.size(2) / scaleFactor]
    }
}
