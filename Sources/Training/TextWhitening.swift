import Layers
import Torch

/// Where the projection of text states starts when it learns from nothing: made for the states it will see.
///
/// States of a small language model differ from each other in few directions, and most of what tells one word from
/// another lies in the others. A projection that starts at random passes on the few; one that first brings all directions
/// to one length lets the transformer see every word from its first step.
struct TextWhitening {
    let weight, bias: Tensor

    /// - Parameters:
    ///   - states: [T, features], of many prompts.
    ///   - start: [outputs, features], the projection as it would start; only its directions matter.
    ///   - epsilon: of the norm that the states go through first.
    init(_ states: Tensor, start: Tensor, epsilon: Double) throws {
        let ones = try Tensor(Array(repeating: Float(1), count: start.size(1)), [start.size(1)])
        let normed = try states.to(.cpu).to(.float32).rmsNorm(ones, epsilon: epsilon).to(.float64)
        let whitening = try Whitening(normed)
        let directions = try start.to(.cpu).to(.float64)
        let length = try directions.norm().doubles()[0] / Double(start.size(0)).squareRoot()
        let projection = try directions.linear(whitening.matrix, nil) / length
        weight = try projection.to(.float32)
        bias = try -(projection.linear(whitening.mean.transposed(0, 1).contiguous(), nil).reshaped(start.size(0)))
            .to(.float32)
    }
}

extension TextWhitening {
    private static let path = "time_caption_embed.caption_embedder"

    /// A transformer's source whose projection of text starts so.
    func replacing(in source: any WeightSource) -> any WeightSource {
        SubstitutedSource(source, ["\(Self.path).1.weight": weight, "\(Self.path).1.bias": bias])
    }

    /// The projection that a source has, [outputs, features].
    static func projection(_ source: any WeightSource, outputs: Int, features: Int) throws -> Tensor {
        let shape = [outputs, features]
        guard let weight = try source.tensor("\(path).1.weight", shape, initial: .normal(1)) else {
            throw WeightError.missing(key: "\(path).1.weight", shape: shape, origin: source.origin)
        }
        return weight
    }
}
