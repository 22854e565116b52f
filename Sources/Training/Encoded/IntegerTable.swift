import Layers

/// Whole numbers of a mapped file, read where they lie.
struct IntegerTable: Sendable {
    let count: Int
    private let file: SafetensorsFile
    private let name: String
    private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    /// - Throws: `SafetensorsError` when the file has no such tensor of int64.
    init(_ file: SafetensorsFile, _ name: String) throws(SafetensorsError) {
        guard let entry = file.entries[name], entry.elementType == .int64 else {
            throw SafetensorsError(file: file.path, tensor: name, reason: "is missing, or not of type I64")
        }
        self.file = file
        self.name = name
        bytes = try file.bytes(of: entry)
        count = bytes.count / MemoryLayout<Int64>.size
    }

    subscript(index: Int) -> Int {
        Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Int64>.size, as: Int64.self)))
    }

    /// From one entry to the next.
    func range(_ index: Int) -> Range<Int> { self[index]..<self[index + 1] }

    /// Checks that the entries cut `0..<end` into ranges.
    func requireRanges(upTo end: Int) throws(SafetensorsError) {
        let isOrdered = count > 0 && (0..<count - 1).allSatisfy { self[$0] <= self[$0 + 1] }
        guard isOrdered, self[0] == 0, self[count - 1] == end else {
            throw SafetensorsError(file: file.path, tensor: name, reason: "does not rise from 0 to \(end)")
        }
    }
}
