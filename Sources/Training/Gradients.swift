import Torch

/// Sums tensors over all processes of a run, in place. One process has nothing to do.
package typealias ProcessSum = ([Tensor]) throws -> Void

/// What is done to gradients before a step.
package enum Gradients {
    /// The norm of all gradients together.
    package static func norm(_ gradients: [Tensor]) throws -> Double {
        guard !gradients.isEmpty else { return 0 }
        return Double(try Tensor.stacked(gradients.map { try $0.norm() }).norm().floats()[0])
    }

    /// The factor that brings gradients of norm `norm` down to `maximum`; 1 if they are smaller.
    ///
    /// Source: `torch.nn.utils.clip_grad_norm_`.
    package static func clipping(_ norm: Double, to maximum: Double) -> Double { min(1, maximum / (norm + 1e-6)) }

    package static func scale(_ gradients: [Tensor], by factor: Double) throws {
        if factor == 1 { return }
        try withGradients(false) {
            for gradient in gradients { try gradient.copy(from: gradient * factor) }
        }
    }
}
