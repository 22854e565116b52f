import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs work that is cancelled, and cleans up, when the user or the system asks the program to end.
///
/// - Parameter signals: what counts as asking.
/// - Throws: `CommandError` then, otherwise what the work throws.
func cancelledByInterruption<R: Sendable>(
    signals: [Int32] = [SIGINT, SIGTERM], _ work: @escaping @Sendable () async throws -> R
) async throws -> R {
    let task = Task { try await work() }
    let sources = signals.map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler { task.cancel() }
        source.resume()
        return source
    }
    defer {
        for source in sources { source.cancel() }
        for number in signals { signal(number, SIG_DFL) }
    }
    do {
        return try await task.value
    } catch is CancellationError {
        throw CommandError(.interrupted, "interrupted")
    }
}
