import Torch

/// The samples of a mixture, one after the other, without an end: each epoch in an order, and of parts that are not
/// taken whole in a choice, of its own.
package struct SampleStream<File: SampleCollection> {
    private let mixture: DataMixture<File>
    private let seed: UInt64
    private var order: SampleOrder
    private var choices: [[Int]] = []
    private var chosenEpoch = -1

    /// - Throws: `TrainingError.option` when there are no samples.
    package init(_ mixture: DataMixture<File>, seed: UInt64, position: SampleOrder.Position = .init()) throws {
        self.mixture = mixture
        self.seed = seed
        order = try SampleOrder(count: mixture.count, seed: seed, position: position)
    }

    package var position: SampleOrder.Position { order.position }

    /// Where the next samples are written.
    package mutating func next(_ count: Int) -> [(file: File, line: Int)] {
        let indices = order.next(count)
        if chosenEpoch != order.position.epoch { choose() }
        return indices.map { index in
            var index = index
            for (part, choice) in zip(mixture.parts, choices) {
                if index < choice.count { return (part.file, choice[index]) }
                index -= choice.count
            }
            return (mixture.parts[0].file, 0)
        }
    }

    private mutating func choose() {
        chosenEpoch = order.position.epoch
        choices = mixture.parts.enumerated().map { index, part in
            if part.count == part.file.count { return Array(0..<part.count) }
            let stream = Generator(seed: seed &+ 0x85EB_CA6B &* UInt64(chosenEpoch) &+ UInt64(index))
            return Array(Generator(seed: UInt64(stream.next())).randperm(part.file.count).prefix(part.count))
        }
    }
}
