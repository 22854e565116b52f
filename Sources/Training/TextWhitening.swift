import Layers
import Torch

/// Where the projection of text states starts when it learns from nothing: made for the states it will see.
///
/// States of a small language model differ from each other in few directions, and most of what tells one word from
/// another lies in the others. A projection that starts at random passes on the few; one that first brings all directions
/// to one length lets the transformer see every word from its first step.
struct TextWhitening {
    let weight, bias: Tensor

    /// Smallest variance that is brought to 1, as a share of the mean one: below it lies what rounding adds.
    private static let floor = 3e-3
    /// Of the coupled Newton iteration for the inverse square root, at most, and how near it comes: once it is there,
    /// rounding drives it away again.
    private static let iterations = 100
    private static let precision = 1e-9

    /// - Parameters:
    ///   - states: [T, features], of many prompts.
    ///   - start: [outputs, features], the projection as it would start; only its directions matter.
    ///   - epsilon: of the norm that the states go through first.
    init(_ states: Tensor, start: Tensor, epsilon: Double) throws {
        let features = start.size(1)
        let ones = try Tensor(Array(repeating: Float(1), count: features), [features])
        let normed = try states.to(.cpu).to(.float32).rmsNorm(ones, epsilon: epsilon).to(.float64)
        let columns = try normed.transposed(0, 1).contiguous()  // [features, T]
        let count = Double(normed.size(0))
        let mean = try columns.linear(
            Tensor(Array(repeating: 1 / count, count: normed.size(0)), [1, normed.size(0)]), nil)
        let centered = try columns - mean  // [features, T]
        let covariance = try centered.linear(centered, nil) / count
        let directions = try start.to(.cpu).to(.float64)
        let length = try directions.norm().doubles()[0] / Double(start.size(0)).squareRoot()
        let whitening = try directions.linear(Self.inverseSquareRoot(covariance), nil) / length
        weight = try whitening.to(.float32)
        bias = try -(whitening.linear(mean.transposed(0, 1).contiguous(), nil).reshaped(start.size(0))).to(.float32)
    }

    /// (C + floor)^(-1/2) of a covariance C.
    ///
    /// Source: Higham, "Stable iterations for the matrix square root", 1997.
    private static func inverseSquareRoot(_ covariance: Tensor) throws -> Tensor {
        let size = covariance.size(0)
        let identity = try Tensor((0..<size * size).map { $0 % (size + 1) == 0 ? 1.0 : 0 }, [size, size])
        let mean = try (covariance * identity).sum().doubles()[0] / Double(size)
        let floored = try covariance + identity * (floor * mean)
        let scale = try floored.norm().doubles()[0]
        var (root, inverse) = (try floored / scale, identity)
        /// Symmetric but for rounding, which the order of the factors keeps from growing.
        func product(_ left: Tensor, _ right: Tensor) throws -> Tensor {
            try left.linear(right.transposed(0, 1), nil)
        }
        for _ in 0..<iterations {
            let step = try (identity * 3 - product(inverse, root)) * 0.5
            root = try product(root, step)
            inverse = try product(step, inverse)
            if try (step - identity).norm().doubles()[0] < precision { break }
        }
        return try inverse / scale.squareRoot()
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
