#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `blobs/ETAG.incomplete`: what has been downloaded of a blob so far, with the hash of those bytes.
final class PartialFile {
    private let file: RepositoryFile
    private let path: String
    private let disk: Disk
    private let meter: ProgressMeter
    private let descriptor: Int32
    private var checksum: Checksum
    /// Bytes on disk.
    private(set) var count = 0

    /// Opens or creates the file; what an earlier run left in it is hashed and kept.
    init(
        of file: RepositoryFile, at path: String, disk: Disk, meter: ProgressMeter, cancellation: Cancellation
    ) throws {
        self.file = file
        self.path = path
        self.disk = disk
        self.meter = meter
        checksum = Checksum(kind: file.checksum, size: file.size)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Disk.failure("open", path) }
        try readExisting(cancellation)
    }

    deinit { close(descriptor) }

    /// Throws `HubError.diskFull`, `.fileSystem`, or `.sizeMismatch` when more comes than the file has.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard count + bytes.count <= file.size else {
            throw HubError.sizeMismatch(file: file.name, expected: file.size, got: count + bytes.count)
        }
        var rest = bytes
        while !rest.isEmpty {
            let written = disk.write(descriptor, rest)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw writeFailure() }
            let done = UnsafeRawBufferPointer(rebasing: rest[..<written])
            checksum.update(done)
            count += written
            meter.add(bytes: written, file: file.name)
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Forgets all bytes.
    func startOver() throws {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw Disk.failure("truncate", path)
        }
        meter.add(bytes: -count, file: file.name)
        count = 0
        checksum = Checksum(kind: file.checksum, size: file.size)
    }

    /// Checks size and hash, and renames the file to `destination`. On a wrong hash the bytes are removed.
    func finish(at destination: String) throws {
        guard count == file.size else {
            throw HubError.sizeMismatch(file: file.name, expected: file.size, got: count)
        }
        let got = checksum.hexadecimal
        guard got == file.checksum.hexadecimal else {
            throw HubError.checksumMismatch(file: file.name, expected: file.checksum.hexadecimal, got: got)
        }
        guard fsync(descriptor) == 0 else { throw writeFailure() }
        try Disk.move(path, to: destination)
    }

    func remove() { unlink(path) }

    private func readExisting(_ cancellation: Cancellation) throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Disk.failure("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { return }
        if status.st_size > file.size { try startOver() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            try cancellation.check()
            let length = read(descriptor, buffer.baseAddress, buffer.count)
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else { throw Disk.failure("read", path) }
            if length == 0 { return }
            checksum.update(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
            count += length
            meter.add(bytes: length, file: file.name)
        }
    }

    private func writeFailure() -> HubError {
        let folder = Disk.folder(of: path)
        guard errno == ENOSPC || errno == EDQUOT else { return Disk.failure("write", path) }
        return .diskFull(folder: folder, needed: meter.remainingBytes, free: disk.freeBytes(folder))
    }
}
