/// A safetensors file, mapped into memory and validated: tensors by name, their bytes without a copy.
package final class SafetensorsFile: Sendable {
    package let path: String
    /// The tensors' names in the order of their bytes.
    package let names: [String]
    package let entries: [String: SafetensorsEntry]
    /// The string map `__metadata__`.
    package let metadata: [String: String]
    private let map: MemoryMap

    /// Throws if the file cannot be mapped or is malformed.
    package init(path: String) throws(SafetensorsError) {
        let map = try MemoryMap(path: path)
        let header = try SafetensorsHeader.parse(map.bytes, name: path)
        self.path = path
        self.map = map
        names = header.entries.map(\.name)
        entries = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.name, $0) })
        metadata = header.metadata
    }

    /// The little-endian bytes of a tensor of this file, valid as long as this object lives. They are aligned to 8 bytes
    /// at the start of the data if the writer padded the header, as the official one does; do not rely on it.
    ///
    /// Throws if `entry` is not of this file.
    package func bytes(of entry: SafetensorsEntry) throws(SafetensorsError) -> UnsafeRawBufferPointer {
        guard entries[entry.name] == entry else {
            throw SafetensorsError(file: path, tensor: entry.name, reason: "not a tensor of this file")
        }
        return UnsafeRawBufferPointer(rebasing: map.bytes[entry.byteRange])
    }

    /// Gives back the memory in which the bytes of a tensor lie, for a reader that passes over a large file once.
    package func releaseMemory(of entry: SafetensorsEntry) {
        if entries[entry.name] == entry { map.releasePages(entry.byteRange) }
    }
}
