import Layers
import Torch

/// Writes down the tensors a model asks for, with their shapes and how each starts; answers with shapes alone.
final class TensorPlan: WeightSource {
    struct Entry {
        let name: String
        let shape: [Int]
        let initial: InitialValue
    }

    private(set) var entries: [Entry] = []
    /// Numbers in all tensors.
    private(set) var parameterCount = 0

    /// More than this is taken for a slip of the pen.
    static let parameterLimit = 20_000_000_000
    private static let tensorLimit = 1 << 31

    let origin = "a model from scratch"
    var names: [String]? { nil }
    func shape(of name: String) -> [Int]? { nil }

    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        var count = 1
        for size in shape {
            let (product, overflows) = count.multipliedReportingOverflow(by: size)
            guard !overflows, product <= Self.tensorLimit else {
                throw TrainingError.option("tensor \(name) of shape \(shape) is larger than 2^31 numbers")
            }
            count = product
        }
        parameterCount += count
        guard parameterCount <= Self.parameterLimit else {
            throw TrainingError.option("the model has more than \(Self.parameterLimit) parameters")
        }
        entries.append(Entry(name: name, shape: shape, initial: initial))
        return try Tensor.zeros([1]).expanded(shape)
    }

    /// The tensors as a file takes them, each drawn when it is written.
    func tensors(seed: UInt64) -> [SafetensorsWriter.Tensor] {
        let random = RandomSource(seed: seed)
        return entries.map { entry in
            SafetensorsWriter.Tensor(name: entry.name, elementType: .float32, shape: entry.shape) { body in
                try random.tensor(entry.name, entry.shape, initial: entry.initial)?.withBytes(body)
            }
        }
    }
}
