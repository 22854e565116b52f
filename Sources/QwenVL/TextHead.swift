import Layers
import Torch

/// Scores every token of the vocabulary. hidden [..., D], result [..., vocabulary].
///
/// Quantized it keeps 8 bits. Drawing needs no scores, so packed weights are packed, or read, when the first are asked for.
final class TextHead {
    private let table: Tensor?  // [vocabulary, D]
    private let load: () throws -> Linear
    private var loaded: Linear?

    /// - Parameters:
    ///   - w: where its weight is, the embedding's place when it is tied to it.
    ///   - table: the weight, where it is there as a tensor.
    init(_ w: Weights, _ configuration: LanguageModelConfiguration, tiedTo table: Tensor?) throws {
        let (size, vocabulary) = (configuration.hiddenSize, configuration.vocabularySize)
        load = { try Linear(w, size, vocabulary, bias: false, leastBits: 8, initial: .normal(0.02)) }
        if w.packsLinearLayers {
            self.table = nil
        } else {
            self.table = try table ?? w.tensor("weight", vocabulary, size, initial: .normal(0.02))
        }
    }

    func callAsFunction(_ hidden: Tensor) throws -> Tensor {
        if let table { return try hidden.linear(table, nil) }
        return try linear()(hidden)
    }

    /// Reads it now.
    func prepare() throws { if table == nil { _ = try linear() } }

    private func linear() throws -> Linear {
        if let loaded { return loaded }
        let linear = try load()
        loaded = linear
        return linear
    }
}
