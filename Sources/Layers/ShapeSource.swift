import Torch

/// Answers with tensors that have a shape and no memory of their own: proves that a model asks for each tensor of
/// a checkpoint once and in the right shape, without its data.
package final class ShapeSource: WeightSource {
    package let origin: String
    private let shapes: [String: [Int]]

    package init(_ shapes: [String: [Int]], origin: String) {
        self.shapes = shapes
        self.origin = origin
    }

    package var names: [String]? { Array(shapes.keys) }

    package func shape(of name: String) -> [Int]? { shapes[name] }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        guard shapes[name] != nil else { return nil }
        return try Tensor.zeros([1]).expanded(shape)
    }
}
