#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is said beside the results: on standard error.
enum Message {
    static func say(_ text: String) { write(text + "\n") }

    /// In place of the last one, at a terminal; nothing elsewhere.
    static func progress(_ text: String) {
        if isatty(2) == 1 { write("\r\u{1B}[K" + text) }
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        #if canImport(Glibc)
            _ = Glibc.write(2, bytes, bytes.count)
        #else
            _ = Darwin.write(2, bytes, bytes.count)
        #endif
    }
}
