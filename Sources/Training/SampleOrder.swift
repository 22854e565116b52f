import Torch

/// Which samples come when: every epoch in an order of its own, which depends on the seed and the epoch alone.
package struct SampleOrder {
    /// Where a run stands in its data.
    package struct Position: Codable, Equatable, Sendable {
        package var epoch = 0
        /// Samples of the epoch that have been taken.
        package var taken = 0

        package init() {}
    }

    package private(set) var position: Position
    private let count: Int
    private let seed: UInt64
    private var order: [Int]

    /// - Throws: `TrainingError.option` if there are no samples, or if `position` lies behind their end.
    package init(count: Int, seed: UInt64, position: Position = Position()) throws {
        guard count > 0 else { throw TrainingError.option("there are no samples to train on") }
        guard position.epoch >= 0, (0...count).contains(position.taken) else {
            throw TrainingError.option("sample \(position.taken) of epoch \(position.epoch) is none of \(count)")
        }
        self.count = count
        self.seed = seed
        self.position = position
        order = Self.order(count, seed, position.epoch)
    }

    private static func order(_ count: Int, _ seed: UInt64, _ epoch: Int) -> [Int] {
        let start = Generator(seed: seed &+ 0x9E37_79B9 &* UInt64(epoch))
        return Generator(seed: UInt64(start.next())).randperm(count)
    }

    /// The next samples; the end of an epoch that does not fill `size` is left out, unless the epoch is shorter.
    package mutating func next(_ size: Int) -> [Int] {
        let wanted = max(1, min(size, count))
        if count - position.taken < wanted {
            position.epoch += 1
            position.taken = 0
            order = Self.order(count, seed, position.epoch)
        }
        defer { position.taken += wanted }
        return Array(order[position.taken..<position.taken + wanted])
    }
}
