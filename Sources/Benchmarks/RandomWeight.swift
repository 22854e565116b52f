import Layers
import Torch

extension PackedWeight {
    /// Weights of random numbers, packed as those of a model are.
    static func random(_ pool: RandomPool, _ form: PackedForm, name: String) throws -> PackedWeight {
        let source = AlignedMemory(pool, form.outputs * form.inputs, name: name)
        let weight = try packing(form) { try $0.pack(source.bytes, rows: 0..<form.outputs) }
        guard weight.form == form else {
            throw TorchError.invalid("random numbers of \(name) are not to be had in \(form.numbers.rawValue)")
        }
        return weight
    }
}
