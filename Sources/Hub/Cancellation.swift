import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Tells blocking code that the task it works for was cancelled.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() { flag.store(true, ordering: .relaxed) }

    func check() throws {
        if isCancelled { throw CancellationError() }
    }

    /// Sleeps, but wakes up within a twentieth of a second of a cancellation and throws.
    func sleep(seconds: Double) throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            try check()
            let left = (end - ContinuousClock.now) / .seconds(1)
            usleep(UInt32(max(0, min(left, 0.05)) * 1_000_000))
        }
        try check()
    }
}

/// Runs blocking `body` on a thread of its own, so that the cooperative pool stays free; cancelling the calling task
/// cancels the `Cancellation` given to `body`.
func onOwnThread<Result: Sendable>(
    _ label: String, _ body: @escaping @Sendable (Cancellation) throws -> Result
) async throws -> Result {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: label).async {
                continuation.resume(with: Swift.Result { try body(cancellation) })
            }
        }
    } onCancel: {
        cancellation.cancel()
    }
}
