import Diffusion
import Imaging
import Layers
import OmniGen2
import Torch

/// Puts what the autoencoder in training makes of a sample's picture to the right of the picture.
package struct ReconstructionSampler: StageSampler {
    private let configuration: AutoencoderConfiguration
    private let options: TrainingOptions
    private let mixture: DataMixture<SampleFile>
    private let pictures: PictureReader
    private let device: Device

    package init(
        _ model: ModelFolder, _ options: TrainingOptions, _ mixture: DataMixture<SampleFile>, _ device: Device
    ) throws {
        configuration = try model.autoencoderConfiguration()
        self.options = options
        self.mixture = mixture
        self.device = device
        pictures = PictureReader(options.data, multiple: configuration.scaleFactor)
    }

    package func callAsFunction(_ weights: Weights) throws -> [SampleResult] {
        let model = try Autoencoder(weights, configuration)
        return try mixture.first(options.samples.count, image).flatMap { sample, image in
            try Task.checkCancellation()
            let picture = try PixelTensors.tensor(image).to(options.dtype).to(device)
            let reconstruction = try model.decodeUnscaled(model.encode(picture).mean)
            let both = try Tensor.concatenated([picture, reconstruction], 3).to(.cpu)  // [1, 3, H, 2 W]
            return try PixelTensors.images(both).map { SampleResult(sample, .picture($0)) }
        }
    }

    /// The picture to be drawn, or else the first that goes with the instruction.
    private func image(_ sample: TrainingSample) throws(SampleError) -> (TrainingSample, Image) {
        if sample.outputImage != nil { return (sample, try pictures.output(sample)) }
        guard let image = try pictures.inputs(sample).first else {
            throw SampleError(origin: sample.origin, reason: "has no picture")
        }
        return (sample, image)
    }
}
