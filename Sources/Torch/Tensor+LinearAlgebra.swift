extension Tensor {
    /// The product of two matrices.
    package func multiplied(by other: Tensor) throws(TorchError) -> Tensor {
        try dispatch("aten::mm", "", .tensor(self), .tensor(other))
    }

    package static func identity(_ size: Int, dtype: DType = .float32) throws(TorchError) -> Tensor {
        try dispatch("aten::eye", "", .int(size), .optional(dtype), .none, .none, .none)
    }

    /// The entries of these dimensions in reverse; a copy.
    package func flipped(_ dimensions: Int...) throws(TorchError) -> Tensor {
        try dispatch("aten::flip", "", .tensor(self), .ints(dimensions))
    }

    /// What `choleskyFactor` is called in an error.
    package static let choleskyOperator = "aten::linalg_cholesky"

    /// L with L L^T = self, lower. Only what is on and below the diagonal is read.
    ///
    /// - Throws: `TorchError.operation` for a matrix that is not positive definite.
    package func choleskyFactor() throws(TorchError) -> Tensor {
        try dispatch("aten::linalg_cholesky", "", .tensor(self), .bool(false))
    }

    /// X with self X = right, self being lower triangular.
    package func solvedLower(_ right: Tensor) throws(TorchError) -> Tensor {
        let (isUpper, isLeft, hasUnitDiagonal) = (false, true, false)
        return try dispatch(
            "aten::linalg_solve_triangular", "", .tensor(self), .tensor(right), .bool(isUpper), .bool(isLeft),
            .bool(hasUnitDiagonal))
    }
}
