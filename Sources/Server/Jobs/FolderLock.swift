import OmniGen2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Keeps other servers out of a folder while this process lives.
final class FolderLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `GenerationError.output` when the folder cannot be written, or another server has it.
    init(folder: String) throws {
        let path = folder + "/server.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw GenerationError.output("\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw GenerationError.output("\(folder): another server keeps its jobs there; give each its own --data")
        }
    }

    deinit { close(descriptor) }
}
