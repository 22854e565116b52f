import Layers
import QwenVL
import Torch

/// The last layer of a vision tower, changed so that all directions of its tokens have one length, and a token on average
/// that of a word.
///
/// A tower that is trained from nothing may grow loud: what its tokens have in common, or what tells an object from
/// background, becomes many times longer than all that a small language model's layers add to it. They cannot say of such
/// a token where it is. Once whitened the tower should be held (`trained_weights`), or it grows loud again.
struct PictureWhitening {
    let weight, bias: Tensor

    /// - Parameters:
    ///   - tokens: [T, features], of many pictures, as the layer makes them now.
    ///   - weight: of the layer, [features, inputs].
    ///   - bias: of the layer, [features].
    ///   - length: the root of the mean squared length of a token afterwards.
    init(_ tokens: Tensor, weight: Tensor, bias: Tensor, length: Double) throws {
        let rows = try tokens.to(.cpu).to(.float64)
        let whitening = try Whitening(rows)
        let mean = try whitening.mean.transposed(0, 1).contiguous()  // [1, features]
        let whitened = try (rows - mean).linear(whitening.matrix, nil)
        let scale = try length / (whitened.norm().doubles()[0] / Double(rows.size(0)).squareRoot())
        let (oldWeight, oldBias) = (try weight.to(.cpu).to(.float64), try bias.to(.cpu).to(.float64))
        self.weight = try (whitening.matrix.linear(oldWeight.transposed(0, 1).contiguous(), nil) * scale).to(.float32)
        self.bias = try ((oldBias - mean).linear(whitening.matrix, nil) * scale).reshaped(bias.size(0)).to(.float32)
    }
}

extension PictureWhitening {
    private static let path = "visual.merger.mlp.2"

    /// - Parameters:
    ///   - source: of language model and vision tower, as in the published layout.
    ///   - batch: what holds the pictures to measure.
    init(
        of source: any WeightSource, _ configuration: LanguageModelConfiguration, _ batch: [LanguageModelLoss.Sample]
    ) throws {
        let weights = Weights(source, dtype: .float32)
        let tower = try VisionTower(weights["visual"], configuration.vision)
        // Sample by sample, as all of them at once need not fit into memory.
        let tokens = try batch.compactMap { sample in
            try sample.patches.map { try tower($0.to(.cpu), sample.grids) }
        }
        guard !tokens.isEmpty else {
            throw TrainingError.option("whiten_pictures: none of the first samples has a picture that can be read")
        }
        let last = weights[Self.path]
        let features = configuration.vision.outputSize
        let unit = configuration.vision.mergeSize * configuration.vision.mergeSize
        let words = try weights["model"]["embed_tokens"].tensor(
            "weight", configuration.vocabularySize, features, initial: .zeros)
        try self.init(
            Tensor.concatenated(tokens, 0),
            weight: last.tensor("weight", features, configuration.vision.hiddenSize * unit, initial: .zeros),
            bias: last.tensor("bias", features, initial: .zeros),
            length: words.norm().doubles()[0] / Double(words.size(0)).squareRoot())
    }

    /// The source whose vision tower ends so.
    func replacing(in source: any WeightSource) -> any WeightSource {
        SubstitutedSource(source, ["\(Self.path).weight": weight, "\(Self.path).bias": bias])
    }
}
