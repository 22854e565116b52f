import Torch

/// How a tensor starts when there is no checkpoint to read it from.
package enum InitialValue: Sendable {
    case zeros
    case ones
    /// Uniform in +-sqrt(6 / (inputs + outputs)).
    case xavier
    /// Uniform in +-1 / sqrt(inputs), biases too: what PyTorch's own layers start with.
    case uniform(inputs: Int)
    /// Normal with this standard deviation.
    case normal(Double)
}

extension InitialValue {
    /// How the bias starts beside a weight that starts so.
    var ofBias: InitialValue { if case .uniform = self { self } else { .zeros } }
}

/// Where tensors come from: a checkpoint, random numbers, or shapes alone.
package protocol WeightSource: AnyObject {
    /// What to call the source in an error: a path, or what it is.
    var origin: String { get }
    /// Every name the source holds, or `nil` if it answers to any name.
    var names: [String]? { get }
    /// The shape of a tensor the source holds; `nil` if it does not hold it or answers to any shape.
    func shape(of name: String) -> [Int]?
    /// The tensor, which has this shape if the source holds one under that name.
    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor?
    /// What the source itself calls the tensor `name`: the name an error gives.
    func storedName(of name: String) -> String
    /// Gives back the memory in which the stored bytes of a tensor lie; they are read again when they are needed.
    func releaseMemory(of name: String)
    /// The same tensors without keeping what is read.
    var unkept: any WeightSource { get }
    /// The source of blocks that are not kept in memory, where it is one.
    var streaming: StreamingSource? { get }
    /// The form in which the source would answer with the weight of the layers at these paths.
    func storedForm(of paths: [String], _ form: PackedForm) -> PackedForm
    /// The weight of the layers at these paths in this form, if the source holds it packed; else what `pack` makes.
    func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight
}

extension WeightSource {
    package func storedName(of name: String) -> String { name }
    package func releaseMemory(of name: String) {}
    package var unkept: any WeightSource { self }
    package var streaming: StreamingSource? { nil }
    package func storedForm(of paths: [String], _ form: PackedForm) -> PackedForm { form }
    package func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight { try pack() }
}

/// What a checkpoint and a model disagree on.
package enum WeightError: Error, CustomStringConvertible, Sendable {
    case missing(key: String, shape: [Int], origin: String)
    case wrongShape(key: String, expected: [Int], got: [Int], origin: String)
    case notFloatingPoint(key: String, got: DType, origin: String)
    case unused(keys: [String], origin: String)
    case ambiguous(keys: [String], origin: String)

    package var description: String {
        switch self {
        case .missing(let key, let shape, let origin):
            "\(origin): tensor \(key) of shape \(shape) is missing"
        case .wrongShape(let key, let expected, let got, let origin):
            "\(origin): tensor \(key) has shape \(got), the configuration asks for \(expected)"
        case .notFloatingPoint(let key, let got, let origin):
            "\(origin): tensor \(key) has type \(got), expected floating point"
        case .unused(let keys, let origin):
            "\(origin): \(keys.count) tensors belong to no part of the model, such as "
                + keys.prefix(3).joined(separator: ", ")
        case .ambiguous(let keys, let origin):
            "\(origin): tensors \(keys.joined(separator: " and ")) are the same tensor of the model"
        }
    }
}
