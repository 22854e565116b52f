#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whole files in and out, with one-line errors that name the path.
package enum ImageFile {
    /// No picture within the pixel limit is longer.
    private static let maximumByteCount = 1 << 30

    package static func read(_ path: String) throws(ImageError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileSystem(path: path, reason: "cannot open: \(lastReason())") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, &block, block.count)
            #else
                let count = Darwin.read(descriptor, &block, block.count)
            #endif
            if count == 0 { return bytes }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .fileSystem(path: path, reason: "cannot read: \(lastReason())") }
            guard bytes.count + count <= maximumByteCount else {
                throw .fileSystem(path: path, reason: "longer than \(maximumByteCount) bytes")
            }
            bytes += block[..<count]
        }
    }

    /// Writes to a temporary name in the same folder and renames it, so that no reader ever sees half a file.
    static func write(_ bytes: [UInt8], to path: String) throws(ImageError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let temporary = "\(folder).\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .fileSystem(path: path, reason: "cannot create: \(lastReason())") }
        let isWritten = writeAll(bytes, to: descriptor)
        let writeReason = lastReason()
        let isClosed = close(descriptor) == 0
        guard isWritten, isClosed else {
            let reason = isWritten ? lastReason() : writeReason
            unlink(temporary)
            throw .fileSystem(path: path, reason: "cannot write: \(reason)")
        }
        guard rename(temporary, path) == 0 else {
            let reason = lastReason()
            unlink(temporary)
            throw .fileSystem(path: path, reason: "cannot put the file in place: \(reason)")
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                #if canImport(Glibc)
                    let count = Glibc.write(descriptor, part.baseAddress, part.count)
                #else
                    let count = Darwin.write(descriptor, part.baseAddress, part.count)
                #endif
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    private static func lastReason() -> String {
        String(cString: strerror(errno))
    }
}
