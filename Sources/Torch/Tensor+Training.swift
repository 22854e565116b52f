extension Tensor {
    /// Fills the memory with zeros.
    package func clear() throws(TorchError) {
        let torch = try Engine.library(for: "zero_")
        guard torch.fillWithZero(handle) == 0 else {
            throw .operation(name: "zero_", shapes: [shape], message: torch.failureMessage())
        }
    }

    /// Square root of the sum of squares of all elements.
    package func norm() throws(TorchError) -> Tensor {
        try dispatch(
            "aten::linalg_matrix_norm", "str_ord", .tensor(reshaped(1, -1)), .string("fro"), .ints([-2, -1]),
            .bool(false), .none)
    }

    /// One step of AdamW on `parameters`, in place, all in one call.
    ///
    /// - Parameters:
    ///   - gradients, first, second: for each parameter a tensor of its shape: the gradient, and the two moments, which are
    ///     updated.
    ///   - step: float32 scalar, 1 at the first step.
    package static func adamW(
        _ parameters: [Tensor], gradients: [Tensor], first: [Tensor], second: [Tensor], step: Tensor, rate: Double,
        betas: (Double, Double), decay: Double, epsilon: Double
    ) throws(TorchError) {
        if parameters.isEmpty { return }
        try dispatchVoid(
            "aten::_fused_adamw_", "", .tensors(parameters), .tensors(gradients), .tensors(first), .tensors(second),
            .tensors([]), .tensors(Array(repeating: step, count: parameters.count)), .double(rate), .double(betas.0),
            .double(betas.1), .double(decay), .double(epsilon), .bool(false), .bool(false), .none, .none)
    }
}
