import Torch

/// Stands in for the transformer's layers at some steps, from what it saw at others. One for each guidance branch.
///
/// At each step the run asks twice, first with nothing, then with the layers' input; when neither gives an answer the
/// layers run and the cache is told.
package protocol StepCache: AnyObject {
    /// The layers' output [T, D] from earlier steps alone; `nil` if it cannot tell. Called once a step.
    func forecast(_ step: CachedStep) throws -> Tensor?
    /// The layers' output for their input [T, D]; `nil` to have them run.
    ///
    /// - Parameter modulated: what the first layer's attention reads, [T, D].
    func reuse(_ step: CachedStep, _ input: Tensor, modulated: () throws -> Tensor) throws -> Tensor?
    /// The layers ran.
    func record(_ step: CachedStep, _ input: Tensor, _ output: Tensor) throws
}

/// Where in the run a step is.
package struct CachedStep {
    package let index: Int
    package let count: Int

    package init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    package var isFirstOrLast: Bool { index == 0 || index == count - 1 }
}

/// Which step cache a run uses.
package enum StepCacheKind: Equatable, Sendable {
    case none
    case teaCache(threshold: Double)
    /// - Parameters:
    ///   - interval: the layers run at every one of this many steps.
    ///   - order: of the highest differences.
    case taylorSeer(interval: Int, order: Int)

    package func makeCache() -> (any StepCache)? {
        switch self {
        case .none: nil
        case .teaCache(let threshold): TeaCache(threshold: threshold)
        case .taylorSeer(let interval, let order): TaylorSeer(interval: interval, order: order)
        }
    }
}
