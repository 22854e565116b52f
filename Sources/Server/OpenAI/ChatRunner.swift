import Logging
import OmniGen2

/// Answers conversations when it is their turn, and knows all that are under way.
actor ChatRunner {
    private let queue: FairQueue
    private let gate: ModelGate
    private let settings: SettingsContext
    private let logger: Logger
    private var open: [Int: Work] = [:]
    private var count = 0
    private var isDraining = false

    init(queue: FairQueue, gate: ModelGate, settings: SettingsContext, logger: Logger) {
        (self.queue, self.gate, self.settings, self.logger) = (queue, gate, settings, logger)
    }

    /// A reply in the making.
    struct Work: Sendable {
        /// The last is the finished reply.
        let events: AsyncThrowingStream<ChatEvent, any Error>
        fileprivate let task: Task<Void, Never>

        func cancel() { task.cancel() }
    }

    /// Takes a conversation.
    ///
    /// - Throws: `APIError` when too many wait.
    func begin(_ chat: ChatRequest, client: String) async throws -> Work {
        guard !isDraining else { throw APIError.draining }
        let ticket = try await queue.enter(client)
        let (events, continuation) = AsyncThrowingStream<ChatEvent, any Error>.makeStream()
        count += 1
        let number = count
        let task = Task {
            do {
                let reply = try await self.answer(chat, ticket) { continuation.yield($0) }
                continuation.yield(.finished(reply))
                continuation.finish()
            } catch {
                let stopped = error is CancellationError && self.isDraining
                continuation.finish(throwing: stopped ? APIError.interrupted : error)
            }
            self.open[number] = nil
        }
        let work = Work(events: events, task: task)
        open[number] = work
        return work
    }

    private func answer(
        _ chat: ChatRequest, _ ticket: FairQueue.Ticket, _ report: @escaping @Sendable (ChatEvent) -> Void
    ) async throws -> ChatReply {
        let adapters = settings.paths(of: chat.settings.adapters)
        do {
            return try await queue.run(ticket) { [gate] in
                try await gate.model.reply(chat.exchange(adapters), onEvent: report)
            }
        } catch {
            if APIError.isUnexpected(error) { logger.error("a reply failed", metadata: ["error": "\(error)"]) }
            throw error
        }
    }

    /// Takes no more, and gives what is under way some seconds to end.
    func drain(seconds: Int) async {
        isDraining = true
        let works = Array(open.values)
        let deadline = Task {
            try await Task.sleep(for: .seconds(seconds))
            for work in works { work.cancel() }
        }
        for work in works { await work.task.value }
        deadline.cancel()
    }
}

/// When the steps of a drawn picture began.
struct ChatProgress {
    private var began: ContinuousClock.Instant?

    /// The time of each step so far, at the end of one of them.
    mutating func secondsPerStep(_ step: Int) -> Double? {
        guard let began else { return nil }
        return (ContinuousClock.now - began).seconds / Double(step)
    }

    /// Drawing begins.
    mutating func begin() { began = .now }
}
