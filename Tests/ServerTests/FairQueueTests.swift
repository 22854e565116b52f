import Testing

@testable import Server

@Suite struct FairQueueTests {
    /// Serves tickets in the queue's order, and says which.
    private static func order(_ queue: FairQueue, _ tickets: [FairQueue.Ticket]) async throws -> [String] {
        let served = Shared<[String]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ticket in tickets {
                group.addTask { try await queue.run(ticket) { served.change { $0.append(ticket.client) } } }
                // Whoever came first waits first.
                try await Task.sleep(for: .milliseconds(1))
            }
            try await group.waitForAll()
        }
        return served.value
    }

    @Test func aClientWithManyRequestsDoesNotKeepOthersWaiting() async throws {
        let queue = FairQueue(.init(total: 100, perClient: 100))
        let gate = try await queue.enter("gate")
        try await queue.turn(gate)
        var tickets: [FairQueue.Ticket] = []
        for client in ["a", "a", "a", "a", "b", "b", "c"] { tickets.append(try await queue.enter(client)) }
        let all = tickets
        async let order = Self.order(queue, all)
        #expect(try await eventually { await queue.listening == all.count })
        await queue.leave(gate)
        #expect(try await order == ["a", "b", "c", "a", "b", "a", "a"])
        #expect(await queue.waiting == 0)
    }

    @Test func aFullLineRefusesWithATimeToComeBack() async throws {
        let queue = FairQueue(.init(total: 3, perClient: 2))
        for client in ["a", "a", "b"] { _ = try await queue.enter(client) }
        let mine = await #expect(throws: APIError.self) { try await queue.enter("a") }
        #expect(mine?.status == 429 && mine?.code == "queue_full_for_client" && mine?.retryAfter != nil)
        let all = await #expect(throws: APIError.self) { try await queue.enter("c") }
        #expect(all?.status == 503 && all?.code == "queue_full" && all?.retryAfter != nil)
        _ = try await queue.enter("a", always: true)
    }

    @Test func aCancelledWaitGivesItsPlaceUp() async throws {
        let queue = FairQueue(.init(total: 10, perClient: 10))
        let running = try await queue.enter("a")
        try await queue.turn(running)
        let waiting = try await queue.enter("b")
        let task = Task { try await queue.turn(waiting) }
        #expect(try await eventually { await queue.listening == 1 })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await queue.waiting == 0)
        await queue.leave(running)
        #expect(await queue.running == 0)
    }

    @Test func aWaitThatIsCancelledBeforeItBeginsEnds() async throws {
        let queue = FairQueue(.init(total: 10, perClient: 10))
        let running = try await queue.enter("a")
        try await queue.turn(running)
        let waiting = try await queue.enter("b")
        let task = Task {
            try? await Task.sleep(for: .seconds(10))
            try await queue.turn(waiting)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await queue.waiting == 0)
    }

    @Test func everybodyIsToldTheirPlace() async throws {
        let queue = FairQueue(.init(total: 10, perClient: 10))
        let first = try await queue.enter("a")
        try await queue.turn(first)
        let places = Shared<[Int]>([])
        _ = try await queue.enter("b")
        let mine = try await queue.enter("b") { place in places.change { $0.append(place) } }
        // One runs, one of mine is before it; a newcomer's first comes before my second.
        #expect(places.value.last == 2)
        let other = try await queue.enter("c")
        #expect(await queue.position(of: mine) == 3)
        #expect(await queue.position(of: other) == 2)
        await queue.leave(other)
        #expect(places.value.last == 2)
    }

    @Test func oneAtATimeIsServed() async throws {
        let queue = FairQueue(.init(total: 100, perClient: 100))
        let inside = Shared(0)
        let most = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                let ticket = try await queue.enter("client \(index % 5)")
                group.addTask {
                    try await queue.run(ticket) {
                        let now = inside.change { value in
                            value += 1
                            return value
                        }
                        most.change { $0 = max($0, now) }
                        try await Task.sleep(for: .milliseconds(1))
                        inside.change { $0 -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(most.value == 1)
    }
}
