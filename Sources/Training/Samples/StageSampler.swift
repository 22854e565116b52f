import Layers

/// Shows what a part in training makes of a few samples, the same ones each time.
///
/// It changes nothing about the run: it draws from generators of its own, and loads what it needs beside the part itself.
package protocol StageSampler {
    /// - Parameter weights: those of the part in training.
    /// - Throws: `CancellationError` when the task is cancelled.
    func callAsFunction(_ weights: Weights) throws -> [SampleResult]
}
