/// Memory whose address is a multiple of 64.
final class AlignedMemory {
    let bytes: UnsafeMutableRawPointer

    init(_ count: Int) { bytes = .allocate(byteCount: max(count, 64), alignment: 64) }

    deinit { bytes.deallocate() }

    /// Holds `count` random bfloat16 numbers.
    convenience init(_ pool: RandomPool, _ count: Int, name: String) {
        self.init(2 * count)
        pool.fill(bytes.bindMemory(to: UInt16.self, capacity: count), count, name: name)
    }

    var bfloat16: UnsafeMutablePointer<UInt16> { bytes.assumingMemoryBound(to: UInt16.self) }
}
