import Synchronization

/// A job that is not finished, in memory: how far it is, and who listens.
package final class LiveJob: Sendable {
    private struct State {
        var job: Job
        var progress: JobProgress
        var listeners: [Int: AsyncStream<JobEvent>.Continuation] = [:]
        var count = 0
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let state: Mutex<State>
    /// News that a slow listener may be behind with; older ones are left out.
    private static let bufferedEvents = 64

    package init(_ job: Job, steps: Int) {
        state = Mutex(State(job: job, progress: JobProgress(steps: steps)))
    }

    package var id: String { state.withLock { $0.job.id } }
    package var job: Job { state.withLock { $0.job } }
    package var progress: JobProgress { state.withLock { $0.progress } }
    /// Whether somebody has asked for its end.
    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// What comes from now on; the last is its end. A job that has ended before says so at once.
    package func events() -> AsyncStream<JobEvent> {
        AsyncStream(bufferingPolicy: .bufferingNewest(Self.bufferedEvents)) { continuation in
            let number = state.withLock { state in
                state.count += 1
                if state.job.status.isFinished {
                    continuation.yield(.ended(state.job))
                    continuation.finish()
                } else {
                    state.listeners[state.count] = continuation
                }
                return state.count
            }
            continuation.onTermination = { [weak self] _ in
                _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
            }
        }
    }

    func update(_ change: (inout Job) -> Void) { state.withLock { change(&$0.job) } }

    func report(_ event: JobEvent) {
        let listeners = state.withLock { state in
            switch event {
            case .queued(let position): state.progress.position = position
            case .started: (state.job.status, state.progress.position) = (.running, nil)
            case .progress(let progress): state.progress = progress
            case .warning(let text): state.job.warnings.append(text)
            case .ended(let job): state.job = job
            case .preview: break
            }
            defer { if event.isLast { state.listeners = [:] } }
            return Array(state.listeners.values)
        }
        for listener in listeners {
            listener.yield(event)
            if event.isLast { listener.finish() }
        }
    }

    /// Ends the listeners without an end of the job: it goes on after a restart.
    func dismissListeners() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }

    func run(_ work: @escaping @Sendable () async -> Void) {
        state.withLock { $0.task = Task { await work() } }
    }

    /// Asks for its end, which comes within a step.
    package func cancel(byRequest: Bool = true) {
        let task = state.withLock { state in
            if byRequest { state.isCancelled = true }
            return state.task
        }
        task?.cancel()
    }

    func wait() async { await state.withLock { $0.task }?.value }
}
