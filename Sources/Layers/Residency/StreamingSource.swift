import Torch

/// Tensors of files of which blocks are not kept but read when it is their turn. All else is answered as ever.
package final class StreamingSource: WeightSource {
    private let source: any WeightSource
    private let folder: SafetensorsFolder

    /// - Parameter source: the tensors of `folder`, under the names that they have there.
    package init(_ source: any WeightSource, _ folder: SafetensorsFolder) {
        self.source = source
        self.folder = folder
    }

    package var origin: String { source.origin }
    package var names: [String]? { source.names }
    package var streaming: StreamingSource? { self }
    package func shape(of name: String) -> [Int]? { source.shape(of: name) }
    package func storedName(of name: String) -> String { source.storedName(of: name) }
    package func releaseMemory(of name: String) { source.releaseMemory(of: name) }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        try source.tensor(name, shape, initial: initial)
    }

    package func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight { try source.packed(paths, form, pack) }

    /// Whether the files hold this tensor.
    func holds(_ name: String) -> Bool { folder[name] != nil }

    /// Where blocks that are made of these tensors lie on the disk, and in their buffers.
    func plan(_ blocks: [[String]]) -> BlockPlan {
        var plan = BlockPlan()
        for names in blocks {
            var (extents, places, offset): ([DiskResidency.Extent], [String: BlockPlan.Place], Int) = ([], [:], 0)
            for name in names {
                guard let (file, entry) = folder[name] else { continue }
                extents.append(DiskResidency.Extent(path: file.path, fileRange: entry.byteRange, offset: offset))
                places[name] = BlockPlan.Place(entry: entry, offset: offset, file: file.path)
                offset += (entry.byteRange.count + 63) / 64 * 64
            }
            plan.extents.append(extents)
            plan.places.append(places)
        }
        return plan
    }
}

/// Learns which stored tensors a block is made of, as the block is built without numbers.
final class BlockRequests: WeightSource {
    private let source: StreamingSource
    private(set) var requested: [String] = []

    init(_ source: StreamingSource) { self.source = source }

    var origin: String { source.origin }
    var names: [String]? { source.names }
    func shape(of name: String) -> [Int]? { source.shape(of: name) }
    func storedName(of name: String) -> String { source.storedName(of: name) }

    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        requested.append(name)
        return try source.tensor(name, shape, initial: initial)
    }

    func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight {
        let name = form.name(of: paths)
        requested += source.holds(name) ? [name] : paths.map { $0 + ".weight" }
        return .hollow(form)
    }
}

/// Where the tensors of blocks lie on the disk and in the buffer of a block.
package struct BlockPlan {
    struct Place {
        let entry: SafetensorsEntry
        let offset: Int
        let file: String
    }

    var extents: [[DiskResidency.Extent]] = []
    var places: [[String: Place]] = []
}

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
        guard let place = places[form.name(of: paths)] else { return try pack() }
        let range = place.offset..<place.offset + place.entry.byteRange.count
        return try PackedWeight(form, UnsafeRawBufferPointer(rebasing: bytes.memory[range]), owner: bytes)
    }
}
