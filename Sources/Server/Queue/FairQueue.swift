/// A line of clients before one engine. Turns go round between clients, so that one who asks for a hundred pictures does not
/// keep the others waiting; what one client asks for is served in its order.
package actor FairQueue {
    /// How many may wait.
    package struct Limits: Sendable {
        /// In all.
        package var total: Int
        /// Of one client.
        package var perClient: Int

        package init(total: Int, perClient: Int) { (self.total, self.perClient) = (total, perClient) }
    }

    /// A place in the line.
    package struct Ticket: Sendable, Hashable {
        fileprivate let number: UInt64
        package let client: String
    }

    private struct Place {
        let ticket: Ticket
        var waiter: CheckedContinuation<Void, any Error>?
        let onPosition: @Sendable (Int) -> Void
    }

    private let limits: Limits
    /// What each client waits for, and the clients in the order in which they are served next.
    private var places: [String: [Place]] = [:]
    private var order: [String] = []
    private var serving: Ticket?
    private var count: UInt64 = 0

    package init(_ limits: Limits) { self.limits = limits }

    /// How many wait.
    package var waiting: Int { places.values.reduce(0) { $0 + $1.count } }
    /// How many of those have come to where they wait for their turn.
    var listening: Int { places.values.joined().count { $0.waiter != nil } }
    /// How many are served: none or one.
    package var running: Int { serving == nil ? 0 : 1 }

    /// Takes a place at the end of the client's own line.
    ///
    /// - Parameters:
    ///   - always: whether there is a place even where the line is full: for work that was accepted before.
    ///   - onPosition: is told how many will be served before, whenever that changes.
    /// - Throws: `APIError` when the line is full.
    package func enter(
        _ client: String, always: Bool = false, onPosition: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws -> Ticket {
        if !always {
            guard places[client, default: []].count < limits.perClient else {
                throw APIError(
                    429, .rateLimit, "\(limits.perClient) requests of yours wait already",
                    code: "queue_full_for_client", retryAfter: 5)
            }
            guard waiting < limits.total else {
                throw APIError(
                    503, .server, "the queue is full: \(limits.total) requests wait", code: "queue_full", retryAfter: 10
                )
            }
        }
        count += 1
        let ticket = Ticket(number: count, client: client)
        if places[client, default: []].isEmpty { order.append(client) }
        places[client, default: []].append(Place(ticket: ticket, onPosition: onPosition))
        onPosition(position(of: ticket) ?? 0)
        return ticket
    }

    /// Waits until it is the ticket's turn; ``leave(_:)`` gives the turn on.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, and the place is given up.
    package func turn(_ ticket: Ticket) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
                guard !Task.isCancelled, let index = index(of: ticket) else {
                    remove(ticket)
                    return waiter.resume(throwing: CancellationError())
                }
                places[ticket.client]?[index].waiter = waiter
                serveNext()
            }
        } onCancel: {
            Task { await self.remove(ticket) }
        }
    }

    /// Gives up a place, or ends a turn.
    package func leave(_ ticket: Ticket) {
        if serving == ticket { serving = nil }
        remove(ticket)
        serveNext()
        announce()
    }

    /// Runs work when it is its turn.
    package func run<R: Sendable>(_ ticket: Ticket, _ work: @Sendable () async throws -> R) async throws -> R {
        do {
            try await turn(ticket)
            let result = try await work()
            leave(ticket)
            return result
        } catch {
            leave(ticket)
            throw error
        }
    }

    private func index(of ticket: Ticket) -> Int? { places[ticket.client]?.firstIndex { $0.ticket == ticket } }

    private func remove(_ ticket: Ticket) {
        guard let index = index(of: ticket) else { return }
        let place = places[ticket.client]?.remove(at: index)
        if places[ticket.client]?.isEmpty == true {
            places[ticket.client] = nil
            order.removeAll { $0 == ticket.client }
        }
        place?.waiter?.resume(throwing: CancellationError())
    }

    /// The first client whose next work waits for its turn has it, and goes to the end of the round.
    private func serveNext() {
        guard serving == nil, let client = order.first(where: { places[$0]?.first?.waiter != nil }),
            let place = places[client]?.removeFirst()
        else { return }
        order.removeAll { $0 == client }
        if places[client]?.isEmpty == true { places[client] = nil } else { order.append(client) }
        serving = place.ticket
        place.waiter?.resume()
        announce()
    }

    /// How many are served before a ticket, were nobody to come or go; `nil` when it does not wait.
    package func position(of ticket: Ticket) -> Int? {
        guard let round = index(of: ticket), let turn = order.firstIndex(of: ticket.client) else { return nil }
        let before = order.enumerated().reduce(0) { sum, entry in
            let count = places[entry.element]?.count ?? 0
            return sum + min(count, entry.offset < turn ? round + 1 : round)
        }
        return before + running
    }

    private func announce() {
        for place in places.values.joined() {
            if let position = position(of: place.ticket) { place.onPosition(position) }
        }
    }
}
