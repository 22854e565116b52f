#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reading files that the system has in memory.
enum PageCache {
    /// What is assumed where nothing can be measured.
    private static let usualRate = 4e9

    /// Bytes a second, from the beginning of a file; its second reading, when it is there.
    static func readingRate(_ path: String?, _ count: Int) -> Double {
        guard let path, case let descriptor = open(path, O_RDONLY | O_CLOEXEC), descriptor >= 0 else {
            return usualRate
        }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
        defer { buffer.deallocate() }
        var (read, seconds) = (0, 0.0)
        for _ in 0..<2 {
            let duration = ContinuousClock().measure { read = pread(descriptor, buffer, count, 0) }
            seconds = duration.seconds
        }
        return read > 0 && seconds > 0 ? Double(read) / seconds : usualRate
    }
}
