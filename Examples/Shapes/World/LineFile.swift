#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A text file that is written line by line.
struct LineFile {
    private let path: String
    private let file: UnsafeMutablePointer<FILE>

    init(_ path: String) throws {
        guard let file = fopen(path, "w") else { throw ShapesError("cannot create \(path)") }
        self.path = path
        self.file = file
    }

    mutating func add(_ line: String) throws {
        guard fputs(line + "\n", file) >= 0 else { throw ShapesError("cannot write \(path)") }
    }

    mutating func close() throws {
        guard fclose(file) == 0 else { throw ShapesError("cannot write \(path)") }
    }
}
