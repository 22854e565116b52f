extension Tensor {
    /// Fills the memory with zeros.
    package func clear() throws(TorchError) {
        let torch = try Engine.library(for: "zero_")
        OperatorCalls.add()
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

    /// -log softmax(self)[target] of each row; self [N, classes], target [N] of int64, result [N].
    package func crossEntropy(_ target: Tensor) throws(TorchError) -> Tensor {
        let keepsEach = 0
        let ignoresNone = -100
        return try dispatch(
            "aten::cross_entropy_loss", "", .tensor(self), .tensor(target), .none, .int(keepsEach), .int(ignoresNone),
            .double(0))
    }

    /// The index of the largest entry of each row; self [N, M], result [N] of int64.
    package func indexOfLargest() throws(TorchError) -> Tensor {
        try dispatch("aten::argmax", "", .tensor(self), .some(.int(1)), .bool(false))
    }
}
