import Diffusion
import Layers
import OmniGen2
import Torch

/// Trains the diffusion transformer: pictures from noise, text and references.
///
/// Source: `train.py` of the original.
package struct TransformerStage<Reader: LatentReader>: TrainingStage {
    package typealias File = Reader.File

    package let loss: FlowMatchingLoss
    private let model: ModelFolder
    private let reader: Reader
    private let whitensText: Bool

    package init(_ model: ModelFolder, _ options: TrainingOptions, _ reader: Reader) throws {
        self.model = model
        self.reader = reader
        whitensText = options.whitensText
        loss = FlowMatchingLoss(try model.transformerConfiguration(), options.timesteps)
    }

    package var part: ModelFolder.Part { .transformer }

    package func build(_ weights: Weights) throws { _ = try Transformer(weights, loss.configuration) }

    package func items(_ sample: File.Sample, _ generators: Generators) throws -> [FlowMatchingLoss.Sample] {
        [try reader(sample, generators)]
    }

    /// How many samples the statistics of the text states are taken from.
    private static var measuredSamples: Int { 1024 }

    package func start(
        _ source: any WeightSource, _ items: (Int) throws -> [Item]
    ) throws -> any WeightSource {
        guard whitensText else { return source }
        let configuration = loss.configuration
        let texts = try items(Self.measuredSamples).map(\.text)
        guard !texts.isEmpty else { throw TrainingError.option("whiten_text: none of the first samples can be read") }
        let states = try Tensor.concatenated(texts, 0)
        return try TextWhitening(
            states,
            start: TextWhitening.projection(
                source, outputs: configuration.hiddenSize, features: configuration.textFeatureSize),
            epsilon: configuration.normEpsilon
        ).replacing(in: source)
    }

    /// Sequences of one length stand together, where attention takes them in one call.
    package func arranged(_ batch: [FlowMatchingLoss.Sample]) -> [FlowMatchingLoss.Sample] {
        batch.sorted { ($0.references.count, $0.text.size(0)) < ($1.references.count, $1.text.size(0)) }
    }

    package func configurationDocument(_ weights: Weights) throws -> JSONValue {
        try model.configurationDocument(part)
    }
}
