#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is said beside the results, on standard error; and results that come one by one.
enum Message {
    static func say(_ text: String) { write(text + "\n", to: 2) }

    /// A line of standard output that does not wait for the next ones.
    static func result(_ line: String) { write(line + "\n", to: 1) }

    /// In place of the last one, at a terminal; nothing elsewhere.
    static func progress(_ text: String) {
        if isatty(2) == 1 { write("\r\u{1B}[K" + text, to: 2) }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        #if canImport(Glibc)
            _ = Glibc.write(descriptor, bytes, bytes.count)
        #else
            _ = Darwin.write(descriptor, bytes, bytes.count)
        #endif
    }
}
