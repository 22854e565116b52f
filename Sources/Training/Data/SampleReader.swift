import Diffusion
import Imaging
import OmniGen2
import QwenVL
import Torch

/// What the transformer learns from a sample: states of its instruction, latents of its pictures.
package protocol LatentReader {
    associatedtype File: SampleCollection

    /// - Throws: `SampleError` when the sample cannot be used.
    func callAsFunction(_ sample: File.Sample, _ generators: Generators) throws -> FlowMatchingLoss.Sample
}

/// Reads pictures and instructions of samples with autoencoder and language model.
///
/// Source: `OmniGen2TrainDataset.process_item` and the training loop of `train.py`.
package struct SampleReader: LatentReader {
    package typealias File = SampleFile

    private let promptEncoder: PromptEncoder
    private let autoencoder: Autoencoder
    private let options: DataOptions
    private let dtype: DType
    private let device: Device
    private let pictures: PictureReader

    /// - Parameter dtype: what text and pictures are read in.
    package init(_ model: ModelFolder, _ options: DataOptions, _ dtype: DType, _ device: Device) throws {
        promptEncoder = try model.promptEncoder(dtype, device)
        autoencoder = try model.autoencoder(dtype, device)
        let patch = try model.transformerConfiguration().patchSize
        pictures = PictureReader(options, multiple: autoencoder.configuration.scaleFactor * patch)
        self.options = options
        self.dtype = dtype
        self.device = device
    }

    package func callAsFunction(
        _ sample: TrainingSample, _ generators: Generators
    ) throws -> FlowMatchingLoss.Sample {
        let draw = SampleDraw(options, generators.data)
        let instruction = draw.leavesOutOpening ? sample.instructionWithoutOpening : sample.instruction
        try sample.requireReferencesFit()
        // Read in any case: whether a sample can be used must not depend on the draws.
        let inputs = try pictures.inputs(sample)
        let output = try pictures.output(sample)
        let references = draw.dropsReferences ? [] : inputs
        return FlowMatchingLoss.Sample(
            latent: try latent(output, generators), references: try references.map { try latent($0, generators) },
            text: try promptEncoder(promptEncoder.tokens(draw.dropsPrompt ? nil : instruction, options)))
    }

    /// [C, h, w], drawn from the picture's posterior.
    private func latent(_ image: Image, _ generators: Generators) throws -> Tensor {
        try autoencoder.encode(PixelTensors.tensor(image).to(dtype).to(device))
            .latent(autoencoder.configuration, generators.posterior)
    }
}
