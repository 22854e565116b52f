import Diffusion
import OmniGen2
import Torch

/// Reads encoded samples: draws what is random about them as `SampleReader` does, and needs neither autoencoder nor
/// language model.
package struct EncodedReader: LatentReader {
    package typealias File = EncodedFile

    private let options: DataOptions
    private let autoencoder: AutoencoderConfiguration
    private let dropped: Tensor  // [L, D]
    private let dtype: DType
    private let device: Device

    /// - Parameters:
    ///   - dtype: what the run computes in; samples of another type are converted.
    ///   - report: is told what is not as it was when the samples were encoded.
    /// - Throws: `TrainingError.data` when they are not those of this model and these options.
    package init(
        _ folder: EncodedFolder, _ model: ModelFolder, _ options: DataOptions, _ dtype: DType, _ device: Device,
        report: (String) -> Void = { _ in }
    ) throws {
        try folder.requireFit(model, options, dtype, report: report)
        autoencoder = folder.autoencoder
        dropped = try folder.droppedStates().to(dtype).to(device)
        (self.options, self.dtype, self.device) = (options, dtype, device)
    }

    package func callAsFunction(
        _ sample: EncodedFile.Sample, _ generators: Generators
    ) throws -> FlowMatchingLoss.Sample {
        let draw = SampleDraw(options, generators.data)
        let (shard, index) = (sample.shard, sample.index)
        guard shard.gap(index) == nil else { throw sample.leftOut }
        let output = try latent(shard.output(index), generators)
        let references = draw.dropsReferences ? [] : try shard.references(index)
        return FlowMatchingLoss.Sample(
            latent: output, references: try references.map { try latent($0, generators) },
            text: draw.dropsPrompt
                ? dropped : try shard.states(index, withoutOpening: draw.leavesOutOpening).to(dtype).to(device))
    }

    private func latent(_ stored: Autoencoder.Posterior, _ generators: Generators) throws -> Tensor {
        let posterior = Autoencoder.Posterior(
            mean: try stored.mean.to(dtype).to(device), logVariance: try stored.logVariance.to(dtype).to(device))
        return try posterior.latent(autoencoder, generators.posterior)
    }
}
