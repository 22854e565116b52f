import Diffusion
import Torch

/// What is random about a sample: drawn for each one alike, so that the numbers of one do not depend on those before.
///
/// Source: `OmniGen2TrainDataset.process_item`.
struct SampleDraw {
    let dropsPrompt: Bool
    let dropsReferences: Bool
    let leavesOutOpening: Bool

    init(_ options: DataOptions, _ generator: Generator) {
        let numbers = generator.rand(3).map(Double.init)
        dropsPrompt = numbers[0] < options.promptDropout
        dropsReferences = dropsPrompt && numbers[1] < options.referenceDropout
        leavesOutOpening = numbers[2] < 0.5
    }
}

extension Autoencoder.Posterior {
    /// Of one picture: [C, h, w], drawn, at the scale of the transformer.
    func latent(_ configuration: AutoencoderConfiguration, _ generator: Generator) throws -> Tensor {
        let noise = try Tensor.randn(mean.shape, dtype: mean.dtype, generator).to(mean.device)
        return try configuration.scaled(sample(noise)).selected(0, 0)
    }
}
