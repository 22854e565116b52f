import Layers

extension PackedWeight {
    /// Weights of random numbers, packed as those of a model are.
    convenience init(_ pool: RandomPool, _ form: PackedForm, name: String) throws {
        try self.init(form)
        let source = AlignedMemory(pool, form.outputs * form.inputs, name: name)
        try pack(source.bytes, rows: 0..<form.outputs)
    }
}
