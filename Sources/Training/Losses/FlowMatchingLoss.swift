import Diffusion
import Layers
import Torch

/// Squared error of the predicted velocity from noise to image, for pictures of any sizes in one batch.
///
/// Source: `Transport.training_losses` of `omnigen2/transport/transport.py` and `train.py`.
package struct FlowMatchingLoss: Loss {
    /// A picture to learn, and what it is drawn from.
    package struct Sample {
        package let latent: Tensor  // [C, H, W]
        package let references: [Tensor]  // each [C, H, W]
        package let text: Tensor  // [L, text features]

        package init(latent: Tensor, references: [Tensor] = [], text: Tensor) {
            self.latent = latent
            self.references = references
            self.text = text
        }
    }

    /// What is random about a batch.
    package struct Draw {
        package let noises: [Tensor]
        package let numbers: [Float]
        package let times: [Float]
    }

    package let configuration: TransformerConfiguration
    private let sampling: TimestepSampling

    package init(_ configuration: TransformerConfiguration, _ sampling: TimestepSampling = TimestepSampling()) {
        self.configuration = configuration
        self.sampling = sampling
    }

    package var measureNames: [String] { TimeBins.names }

    package func callAsFunction(
        _ weights: Weights, _ batch: [Sample], _ generators: Generators, _ execution: any BlockExecution
    ) throws -> LossTerms {
        guard !batch.isEmpty else { throw TrainingError.batch("a batch must hold a sample") }
        let draw = try self.draw(batch, generators.noise)
        let predictions = try predict(Transformer(weights, configuration), batch, draw, execution)
        let errors = try self.errors(predictions, batch, draw)
        let counts = batch.map(\.latent.count)
        return LossTerms(
            sum: try Tensor.stacked(errors).sum(), count: counts.reduce(0, +),
            measures: TimeBins.measures(draw.times, try errors.map { Double(try $0.floats()[0]) }, counts))
    }

    /// Noise first, then the times, as the original draws them.
    package func draw(_ batch: [Sample], _ generator: Generator) throws -> Draw {
        let noises = try batch.map { sample in
            try Tensor.randn(sample.latent.shape, dtype: sample.latent.dtype, generator).to(sample.latent.device)
        }
        let numbers = sampling.draw(batch.count, generator)
        // The original counts 2 x 2 patches whatever the model's patch is.
        let tokens = batch.map { ($0.latent.size(-2) / 2) * ($0.latent.size(-1) / 2) }
        let times = sampling.times(numbers, tokens: tokens)
        let rounded =
            try batch[0].latent.dtype == .float32
            ? times
            : Tensor(times, [times.count])
                .to(batch[0].latent.dtype).floats()
        return Draw(noises: noises, numbers: numbers, times: rounded)
    }

    /// Between noise and image, where the time says: t x1 + (1 - t) x0.
    package func noisy(_ batch: [Sample], _ draw: Draw) throws -> [Tensor] {
        try batch.indices.map { index in
            let time = draw.times[index]
            return try batch[index].latent * Double(time) + draw.noises[index] * Double(1 - time)
        }
    }

    package func predict(
        _ model: Transformer, _ batch: [Sample], _ draw: Draw, _ execution: any BlockExecution
    ) throws -> [Tensor] {
        let dtype = model.imageIndexEmbedding.dtype
        let inputs = try zip(batch, noisy(batch, draw)).enumerated().map { index, pair in
            Transformer.Sample(
                latent: try pair.1.to(dtype), references: try pair.0.references.map { try $0.to(dtype) },
                text: try pair.0.text.to(dtype), timestep: draw.times[index])
        }
        return try model(inputs, execution: execution)
    }

    /// The sum of squared errors of each sample, a scalar in float32.
    package func errors(_ predictions: [Tensor], _ batch: [Sample], _ draw: Draw) throws -> [Tensor] {
        try batch.indices.map { index in
            let target = try batch[index].latent - draw.noises[index]
            let error = try target.to(.float32) - predictions[index].to(.float32)
            return try (error * error).sum()
        }
    }
}
