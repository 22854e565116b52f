import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Blocks on the disk: while one is computed with, the next one is read by a thread of its own, by plain reads. That thread
/// knows nothing of tensors.
package final class DiskResidency: Residency {
    /// Bytes of a file that go to a place in a block's buffer.
    package struct Extent: Sendable {
        package let path: String
        package let fileRange: Range<Int>
        package let offset: Int

        package init(path: String, fileRange: Range<Int>, offset: Int) {
            (self.path, self.fileRange, self.offset) = (path, fileRange, offset)
        }
    }

    private let blocks: [[Extent]]
    private let pool: BufferPool
    private var ahead: (block: Int, reading: Reading)?

    /// One to compute with, and one to read into.
    private static let bufferCount = 2

    /// - Parameter blocks: what each block is made of.
    package init(_ blocks: [[Extent]]) {
        self.blocks = blocks
        let size = blocks.flatMap { $0 }.map { $0.offset + $0.fileRange.count }.max() ?? 0
        pool = BufferPool(size: size, count: Self.bufferCount)
    }

    package var count: Int { blocks.count }

    package func bytes(of block: Int, next: Int?) throws -> BlockBytes {
        let expected = ahead
        ahead = nil
        let bytes: BlockBytes
        if let expected, expected.block == block {
            bytes = try expected.reading.result()
        } else {
            // Its buffer is needed, and nobody asks for what it was to hold, nor whether it could be read.
            _ = try? expected?.reading.result()
            bytes = try Reading(blocks[block], pool).result()
        }
        if let next { ahead = (next, Reading(blocks[next], pool)) }
        return bytes
    }

    package func forget() { ahead = nil }
}

/// A block on its way into memory.
private final class Reading: @unchecked Sendable {
    private static let reader = DispatchQueue(label: "omnigen2.reader", attributes: .concurrent)
    private let done = DispatchSemaphore(value: 0)
    private var outcome: Result<BlockBytes, any Error>?

    init(_ extents: [DiskResidency.Extent], _ pool: BufferPool) {
        Self.reader.async { [self] in
            outcome = Result { try Self.read(extents, pool) }
            done.signal()
        }
    }

    /// Waits for it. The bytes are handed out once.
    func result() throws -> BlockBytes {
        done.wait()
        defer { outcome = nil }
        guard let outcome else { throw SafetensorsError(file: "block", reason: "was handed out before") }
        return try outcome.get()
    }

    private static func read(_ extents: [DiskResidency.Extent], _ pool: BufferPool) throws -> BlockBytes {
        let bytes = try pool.take()
        for (path, group) in Dictionary(grouping: extents, by: \.path) {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(path, "open") }
            defer { close(descriptor) }
            for extent in group { try read(extent, descriptor, to: bytes.memory) }
        }
        return bytes
    }

    private static func read(
        _ extent: DiskResidency.Extent, _ descriptor: Int32, to memory: UnsafeMutableRawBufferPointer
    ) throws {
        var (position, offset) = (extent.fileRange.lowerBound, extent.offset)
        while position < extent.fileRange.upperBound {
            let count = pread(
                descriptor, memory.baseAddress.map { $0 + offset }, extent.fileRange.upperBound - position,
                off_t(position))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure(extent.path, count == 0 ? "read: it has become shorter" : "read") }
            position += count
            offset += count
        }
    }

    private static func failure(_ path: String, _ action: String) -> SafetensorsError {
        SafetensorsError(file: path, reason: "cannot \(action): \(String(cString: strerror(errno)))")
    }
}
