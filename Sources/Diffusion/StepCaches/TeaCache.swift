import Torch

/// Reuses the change the layers made last time while their modulated input has moved little since.
///
/// Source: `OmniGen2Transformer2DModel.forward`, `enable_teacache`; Liu et al., arXiv 2411.19108. Deviation: a branch
/// that guidance switches on late computes its first step, where the original fails.
package final class TeaCache: StepCache {
    /// Maps the relative change of the input to that of the output, highest power first; fitted by the original.
    private static let coefficients = [-5.48259225, 11.48772289, -4.47407401, 2.47730926, -0.03316487]

    private let threshold: Double
    private var residual: Tensor?
    private var previous: Tensor?
    /// How far the input has moved, in estimated relative change of the output, since the layers last ran.
    package private(set) var distance = 0.0

    package init(threshold: Double) { self.threshold = threshold }

    package func forecast(_ step: CachedStep) -> Tensor? { nil }

    package func reuse(_ step: CachedStep, _ input: Tensor, modulated: () throws -> Tensor) throws -> Tensor? {
        let current = try modulated()
        defer { previous = current }
        guard !step.isFirstOrLast, let previous, let residual else {
            distance = 0
            return nil
        }
        distance += try Self.estimate(Self.change(current, from: previous))
        if distance < threshold { return try input + residual }
        distance = 0
        return nil
    }

    package func record(_ step: CachedStep, _ input: Tensor, _ output: Tensor) throws { residual = try output - input }

    /// Mean absolute difference as a share of the mean absolute value, in the tensors' type.
    private static func change(_ current: Tensor, from previous: Tensor) throws -> Double {
        let ratio = try (current - previous).absolute().mean() / previous.absolute().mean()
        return Double(try ratio.to(.float32).floats()[0])
    }

    private static func estimate(_ change: Double) -> Double { coefficients.reduce(0) { $0 * change + $1 } }
}
