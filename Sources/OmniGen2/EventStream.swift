/// A stream of the events that some work reports. The work runs in a task of its own, which is cancelled when the stream
/// is left.
func eventStream<Event: Sendable>(
    of work: @escaping @Sendable (_ report: @escaping @Sendable (Event) -> Void) async throws -> Void
) -> AsyncThrowingStream<Event, any Error> {
    AsyncThrowingStream { continuation in
        let task = Task {
            do {
                try await work { continuation.yield($0) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { _ in task.cancel() }
    }
}
