import Torch

/// Extrapolates the last layer's output over the steps by finite differences, and runs the layers only now and then.
///
/// The original keeps the differences of every layer and extrapolates each; only the last layer's reaches the output,
/// so only those are kept. Nor are the refiners needed at an extrapolated step.
/// Source: `omnigen2/cache_functions`, `omnigen2/taylorseer_utils`; Liu et al., arXiv 2503.06923.
package final class TaylorSeer: StepCache {
    /// Of the highest differences, in the original.
    package static let originalOrder = 4
    /// The layers run at every one of this many steps, in the original.
    package static let originalInterval = 3

    /// Which steps of a branch run the layers. A branch may begin late.
    package struct Schedule {
        /// The layers run at each of this many first steps.
        static let fullSteps = 5

        private let interval: Int
        /// Steps so far.
        private(set) var step = -1
        private var sinceFull = 0

        package init(interval: Int) { self.interval = interval }

        /// Whether the layers run at the next step.
        package mutating func isNextFull() -> Bool {
            step += 1
            let isFull = step < Self.fullSteps || sinceFull >= interval - 1
            sinceFull = isFull ? 0 : sinceFull + 1
            return isFull
        }
    }

    private var schedule: Schedule
    private let order: Int
    private var lastFull = 0
    /// The output at the last full step, and its finite differences of rising order.
    private var differences: [Tensor] = []

    package init(interval: Int = TaylorSeer.originalInterval, order: Int = TaylorSeer.originalOrder) {
        schedule = Schedule(interval: interval)
        self.order = order
    }

    package func forecast(_ step: CachedStep) throws -> Tensor? {
        schedule.isNextFull() ? nil : try extrapolated(by: schedule.step - lastFull)
    }

    package func reuse(_ step: CachedStep, _ input: Tensor, modulated: () throws -> Tensor) -> Tensor? { nil }

    package func record(_ step: CachedStep, _ input: Tensor, _ output: Tensor) throws {
        var updated = [output]
        // Differences begin with the last two of the first full steps.
        if schedule.step > Schedule.fullSteps - 2 {
            let distance = Double(schedule.step - lastFull)
            for (order, previous) in differences.prefix(self.order).enumerated() {
                updated.append(try (updated[order] - previous) / distance)
            }
        }
        differences = updated
        lastFull = schedule.step
    }

    /// The sum of difference_i x^i / i!.
    private func extrapolated(by x: Int) throws -> Tensor? {
        guard var sum = differences.first else { return nil }
        var (factorial, power) = (1.0, 1.0)
        for (order, difference) in differences.enumerated().dropFirst() {
            factorial *= Double(order)
            power *= Double(x)
            sum = try sum + (1 / factorial) * difference * power
        }
        return sum
    }
}
