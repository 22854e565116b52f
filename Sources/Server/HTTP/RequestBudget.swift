import Synchronization

/// How many bytes of requests are held in memory at once, of all clients together.
final class RequestBudget: Sendable {
    private let capacity: Int
    private let used = Mutex(0)

    init(capacity: Int) { self.capacity = capacity }

    /// A part of the budget, which is given back when nobody holds it any more.
    final class Lease: Sendable {
        private let budget: RequestBudget
        private let bytes = Mutex(0)

        fileprivate init(_ budget: RequestBudget) { self.budget = budget }

        /// - Throws: `APIError` when so many bytes are not to be had.
        func extend(by count: Int) throws(APIError) {
            try budget.take(count)
            bytes.withLock { $0 += count }
        }

        deinit { budget.give(bytes.withLock { $0 }) }
    }

    func lease() -> Lease { Lease(self) }

    private func take(_ count: Int) throws(APIError) {
        let fits = used.withLock { used in
            guard used + count <= capacity else { return false }
            used += count
            return true
        }
        guard fits else {
            throw APIError(
                503, .server, "the server holds as much of other requests as it may", code: "busy", retryAfter: 5)
        }
    }

    private func give(_ count: Int) { used.withLock { $0 -= count } }
}
