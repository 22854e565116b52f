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

    package func storedForm(of paths: [String], _ form: PackedForm) -> PackedForm {
        source.storedForm(of: paths, form)
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
