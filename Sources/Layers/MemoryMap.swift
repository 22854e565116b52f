#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A whole file mapped read-only into memory; unmapped when the object goes away.
///
/// Pages are read on first touch. A file that another process shortens while it is mapped ends this process with a bus
/// error on such a touch: replace weight files by renaming, not by overwriting.
package final class MemoryMap: Sendable {
    /// The file's bytes, valid as long as this object lives. Page-aligned; empty for an empty file.
    package nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    /// Throws if the file cannot be opened or mapped, or is no regular file.
    package init(path: String) throws(SafetensorsError) {
        func failed(_ action: String) -> SafetensorsError {
            SafetensorsError(file: path, reason: "cannot \(action): \(String(cString: strerror(errno)))")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failed("open") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failed("read its size") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SafetensorsError(file: path, reason: "not a regular file")
        }
        let count = Int(status.st_size)
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw failed("map \(count) bytes")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    /// Gives back the memory of the pages in `range`; they are read from the file again on the next touch.
    func releasePages(_ range: Range<Int>) {
        guard let start = bytes.baseAddress, !range.isEmpty else { return }
        let first = range.lowerBound / Int(getpagesize()) * Int(getpagesize())
        madvise(UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first, MADV_DONTNEED)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
