import Torch

/// The tensors of one block in its buffer.
final class BlockSource: WeightSource {
    private let bytes: BlockBytes
    private let places: [String: BlockPlan.Place]
    let origin: String

    init(_ bytes: BlockBytes, _ places: [String: BlockPlan.Place], origin: String) {
        (self.bytes, self.places, self.origin) = (bytes, places, origin)
    }

    var names: [String]? { Array(places.keys) }
    func shape(of name: String) -> [Int]? { places[name]?.entry.shape }

    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        guard let place = places[name], let start = bytes.memory.baseAddress else { return nil }
        guard let dtype = DType(place.entry.elementType) else {
            throw SafetensorsError(
                file: place.file, tensor: name,
                reason: "element type \(place.entry.elementType.rawValue) is not supported")
        }
        return try Tensor.wrapping(start + place.offset, place.entry.shape, dtype, owner: bytes)
    }

    func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight {
        guard let form = form.held(of: paths, { places[$0] != nil }), let place = places[form.name(of: paths)]
        else { return try pack() }
        let range = place.offset..<place.offset + place.entry.byteRange.count
        return try PackedWeight(form, UnsafeRawBufferPointer(rebasing: bytes.memory[range]), owner: bytes)
    }
}
