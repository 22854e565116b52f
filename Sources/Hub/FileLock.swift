#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An exclusive `flock` on a lock file; `huggingface_hub` honours the same locks.
enum FileLock {
    /// Waits for whoever holds the lock and runs `body` under it; throws `CancellationError`, `HubError.fileSystem`,
    /// or what `body` throws.
    static func withLock<Result>(
        path: String, cancellation: Cancellation, _ body: () throws -> Result
    ) throws -> Result {
        try Disk.createFolder(Disk.folder(of: path))
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw Disk.failure("open the lock file", path) }
            defer { close(descriptor) }
            try acquire(descriptor, path, cancellation)
            // Another program may have removed the file while we waited: the lock would then exclude nobody.
            var status = stat()
            if fstat(descriptor, &status) == 0, status.st_nlink > 0 { return try body() }
        }
    }

    private static func acquire(_ descriptor: Int32, _ path: String, _ cancellation: Cancellation) throws {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EWOULDBLOCK: try cancellation.sleep(seconds: 0.1)
            case EINTR: continue
            // Some network file systems have no locks; the hash is checked all the same.
            case ENOTSUP, ENOSYS, ENOLCK: return
            default: throw Disk.failure("lock", path)
            }
        }
    }
}
