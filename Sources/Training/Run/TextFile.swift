import Layers
import OmniGen2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small text files of a run.
enum TextFile {
    /// Writes a file; one of that name is replaced whole.
    static func write(_ text: String, to path: String) throws {
        let file = try AtomicFile(path: path)
        try Array(text.utf8).withUnsafeBytes { try file.write($0) }
        try file.commit()
    }

    /// Adds a line to the end of a file.
    static func append(_ line: String, to path: String) throws {
        guard let file = fopen(path, "a") else {
            throw GenerationError.output("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        let isWritten = fputs(line + "\n", file) >= 0
        guard fclose(file) == 0, isWritten else {
            throw GenerationError.output("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
