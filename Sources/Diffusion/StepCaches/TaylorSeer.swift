import Torch

/// Extrapolates the last layer's output over the steps by finite differences, and runs the layers only now and then.
///
/// The original keeps the differences of every layer and extrapolates each; only the last layer's reaches the output,
/// so only those are kept. Nor are the refiners needed at an extrapolated step.
/// Source: `omnigen2/cache_functions`, `omnigen2/taylorseer_utils`; Liu et al., arXiv 2503.06923.
package final class TaylorSeer: StepCache {
    private static let highestOrder = 4
    /// The layers run at each of this many first steps.
    private static let fullSteps = 5
    /// Then at every one of this many.
    private static let interval = 3

    /// Steps of this branch so far; a branch may begin late.
    private var step = -1
    private var sinceFull = 0
    private var lastFull = 0
    /// The output at the last full step, and its finite differences of rising order.
    private var differences: [Tensor] = []

    package init() {}

    package func forecast(_ step: CachedStep) throws -> Tensor? {
        self.step += 1
        if self.step < Self.fullSteps || sinceFull == Self.interval - 1 {
            sinceFull = 0
            return nil
        }
        sinceFull += 1
        return try extrapolated(by: self.step - lastFull)
    }

    package func reuse(_ step: CachedStep, _ input: Tensor, modulated: () throws -> Tensor) -> Tensor? { nil }

    package func record(_ step: CachedStep, _ input: Tensor, _ output: Tensor) throws {
        var updated = [output]
        // Differences begin with the last two of the first full steps.
        if self.step > Self.fullSteps - 2 {
            let distance = Double(self.step - lastFull)
            for (order, previous) in differences.prefix(Self.highestOrder).enumerated() {
                updated.append(try (updated[order] - previous) / distance)
            }
        }
        differences = updated
        lastFull = self.step
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
