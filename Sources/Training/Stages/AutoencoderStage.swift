import Diffusion
import Imaging
import Layers
import OmniGen2
import Torch

/// Trains the autoencoder on every picture of the samples.
package struct AutoencoderStage: TrainingStage {
    package typealias File = SampleFile

    package let loss: AutoencoderLoss
    private let model: ModelFolder
    private let mixture: DataMixture<SampleFile>
    private let trainsEncoder: Bool
    private let pictures: PictureReader
    private let dtype: DType
    private let device: Device

    package init(
        _ model: ModelFolder, _ options: TrainingOptions, _ mixture: DataMixture<SampleFile>, _ dtype: DType,
        _ device: Device
    ) throws {
        self.model = model
        self.mixture = mixture
        trainsEncoder =
            options.trainedWeights?.contains { $0.hasPrefix("encoder.") || "encoder.".hasPrefix($0) } ?? true
        (self.dtype, self.device) = (dtype, device)
        loss = AutoencoderLoss(try model.autoencoderConfiguration(), options.autoencoder)
        pictures = PictureReader(options.data, multiple: loss.configuration.scaleFactor)
    }

    package var part: ModelFolder.Part { .vae }

    package func build(_ weights: Weights) throws { _ = try Autoencoder(weights, loss.configuration) }

    package func items(_ sample: TrainingSample, _ generators: Generators) throws -> [Tensor] {
        let inputs = try pictures.inputs(sample)
        let images = sample.outputImage == nil ? inputs : inputs + [try pictures.output(sample)]
        guard !images.isEmpty else { throw SampleError(origin: sample.origin, reason: "has no picture") }
        return try images.map { try PixelTensors.tensor($0).selected(0, 0).to(dtype).to(device) }
    }

    /// The model's, with the shift and the scale that bring latents to mean 0 and deviation 1, where the transformer works.
    package func configurationDocument(_ weights: Weights) throws -> JSONValue {
        var document = try model.configurationDocument(part)
        guard trainsEncoder else { return document }
        let statistics = try latentStatistics(Autoencoder(weights, loss.configuration))
        guard let mean = statistics.mean, statistics.deviation > 0 else { return document }
        document["shift_factor"] = .double(mean)
        document["scaling_factor"] = .double(1 / statistics.deviation)
        return document
    }

    /// How many samples the statistics of the latents are taken from.
    private static let measuredSamples = 256

    /// Of the means of the posteriors of the first samples that can be read.
    private func latentStatistics(_ model: Autoencoder) throws -> (mean: Double?, deviation: Double) {
        var (sum, squares) = (Measure(), Measure())
        for sample in mixture.first(Self.measuredSamples) {
            guard let items = try? items(sample, Generators(seed: 0)) else { continue }
            for picture in items {
                let latents = try model.encode(picture.unsqueezed(0)).mean.to(.float32)
                sum.sum += Double(try latents.sum().floats()[0])
                squares.sum += Double(try (latents * latents).sum().floats()[0])
                sum.count += Double(latents.count)
                squares.count += Double(latents.count)
            }
        }
        let mean = sum.mean ?? 0
        return (sum.mean, max((squares.mean ?? 0) - mean * mean, 0).squareRoot())
    }
}
