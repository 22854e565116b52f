import Diffusion
import Imaging
import OmniGen2
import QwenVL
import Torch

/// Turns samples into what the transformer learns from: states of the instruction, latents of the pictures.
///
/// Source: `OmniGen2TrainDataset.process_item` and the training loop of `train.py`.
package struct SampleReader {
    private let promptEncoder: PromptEncoder
    private let autoencoder: Autoencoder
    private let options: DataOptions
    private let dtype: DType
    private let device: Device
    private let pictures: PictureReader

    /// Openings of captions that are left out of every second one.
    private static let openings = [
        "The image portrays ", "The image depicts ", "The image captures ", "The image highlights ",
        "The image shows ", "这张图片展示了",
    ]

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

    /// - Throws: `SampleError` when a picture cannot be used.
    package func callAsFunction(
        _ sample: TrainingSample, _ generators: Generators
    ) throws -> FlowMatchingLoss.Sample {
        // Drawn for every sample alike, so that the numbers of one do not depend on those before.
        let numbers = generators.data.rand(3).map(Double.init)
        let dropsPrompt = numbers[0] < options.promptDropout
        let dropsReferences = dropsPrompt && numbers[1] < options.referenceDropout
        let instruction = numbers[2] < 0.5 ? Self.withoutOpening(sample) : sample.instruction
        guard sample.inputImages.count <= GenerationRequest.maximumReferences else {
            throw SampleError(
                origin: sample.origin,
                reason: "at most \(GenerationRequest.maximumReferences) input images, got \(sample.inputImages.count)")
        }
        let references = dropsReferences ? [] : try pictures.inputs(sample)
        let output = try pictures.output(sample)
        return FlowMatchingLoss.Sample(
            latent: try latent(output, generators), references: try references.map { try latent($0, generators) },
            text: try text(dropsPrompt ? nil : instruction))
    }

    private static func withoutOpening(_ sample: TrainingSample) -> String {
        guard sample.taskType.contains("text_to_image") || sample.taskType.contains("t2i"),
            let opening = openings.first(where: sample.instruction.contains)
        else { return sample.instruction }
        return sample.instruction.split(separator: opening, omittingEmptySubsequences: false).joined()
    }

    private func text(_ instruction: String?) throws -> Tensor {
        let prompt = options.usesChatTemplate ? ChatTemplate.trainingPrompt(instruction) : instruction ?? ""
        return try promptEncoder(promptEncoder.tokens(prompt, maxTokens: options.maximumTextTokens))
    }

    /// [C, H, W], drawn from the picture's posterior.
    private func latent(_ image: Image, _ generators: Generators) throws -> Tensor {
        let posterior = try autoencoder.encode(PixelTensors.tensor(image).to(dtype).to(device))
        let noise = try Tensor.randn(posterior.mean.shape, dtype: dtype, generators.posterior).to(device)
        return try autoencoder.scaled(posterior.sample(noise)).selected(0, 0)
    }
}
