import Layers

extension PackedWeight {
    /// Weights of random numbers, packed as those of a model are.
    static func random(_ pool: RandomPool, _ form: PackedForm, name: String) throws -> PackedWeight {
        let source = AlignedMemory(pool, form.outputs * form.inputs, name: name)
        return try packing(form) { try $0.pack(source.bytes, rows: 0..<form.outputs) }
    }
}
