import Layers
import OmniGen2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small files of a run.
enum RunFile {
    /// Writes a file; one of that name is replaced whole.
    static func write(_ text: String, to path: String) throws {
        let file = try AtomicFile(path: path)
        try Array(text.utf8).withUnsafeBytes { try file.write($0) }
        try file.commit()
    }

    /// Adds bytes to the end of a file.
    static func append(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "ae") else {
            throw GenerationError.output("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
        guard fclose(file) == 0, isWritten else {
            throw GenerationError.output("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
