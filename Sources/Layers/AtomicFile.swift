#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file that appears under its name only when it is complete: written beside it under a temporary name, flushed to the
/// disk, then renamed. Without `commit()` nothing stays behind.
package final class AtomicFile {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var committed = false

    /// Throws if no file can be created beside `path`.
    package init(path: String) throws(SafetensorsError) {
        self.path = path
        temporaryPath = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).partial"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failed("create a file beside it") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if descriptor >= 0 && !committed { unlink(temporaryPath) }
    }

    /// Appends `bytes`.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeRawBufferPointer(rebasing: rest)
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, slice.baseAddress, slice.count)
            #else
                let count = Darwin.write(descriptor, slice.baseAddress, min(slice.count, Int(Int32.max)))
            #endif
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failed("write") }
            rest = rest.dropFirst(count)
        }
    }

    /// Gives the file its name, replacing one that has it.
    package func commit() throws(SafetensorsError) {
        guard fsync(descriptor) == 0 else { throw failed("flush to the disk") }
        guard rename(temporaryPath, path) == 0 else { throw failed("rename into place") }
        committed = true
    }

    private func failed(_ action: String) -> SafetensorsError {
        SafetensorsError(file: path, reason: "cannot \(action): \(String(cString: strerror(errno)))")
    }
}
