#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The standard streams.
enum Terminal {
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// A person types, and sees what is written.
    static let isInteractive = isatty(STDIN_FILENO) == 1 && errorIsTerminal

    /// What interrupts one reply: for a person Ctrl-C, otherwise all that ends a program.
    static let interruptions = isInteractive ? [SIGINT] : [SIGINT, SIGTERM]

    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                    Glibc.write(descriptor, buffer.baseAddress, buffer.count)
                #else
                    Darwin.write(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            // A closed pipe ends the output, not the work.
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
