extension Tensor {
    package static func + (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try left.subtracting(right, alpha: -1)
    }

    package static func - (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try left.subtracting(right, alpha: 1)
    }

    package static func * (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try dispatch("aten::mul", "Tensor", .tensor(left), .tensor(right))
    }

    package static func / (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try dispatch("aten::div", "Tensor", .tensor(left), .tensor(right))
    }

    package static func + (left: Tensor, right: Double) throws(TorchError) -> Tensor { try left + .scalar(right) }
    package static func - (left: Tensor, right: Double) throws(TorchError) -> Tensor { try left - .scalar(right) }
    package static func * (left: Tensor, right: Double) throws(TorchError) -> Tensor { try left * .scalar(right) }
    package static func / (left: Tensor, right: Double) throws(TorchError) -> Tensor { try left / .scalar(right) }

    /// As `right * left` but for one thing: PyTorch on the CPU rounds a scalar tensor on the left to the other
    /// side's type, and leaves one on the right in full precision. The samplers depend on it.
    package static func * (left: Double, right: Tensor) throws(TorchError) -> Tensor {
        try dispatch("aten::mul", "Tensor", .tensor(try .scalar(left)), .tensor(right))
    }

    package static prefix func - (value: Tensor) throws(TorchError) -> Tensor {
        try dispatch("aten::neg", "", .tensor(value))
    }

    /// self - alpha * other: the one addition of the C ABI that goes through autograd (`add` takes a Scalar).
    private func subtracting(_ other: Tensor, alpha: Double) throws(TorchError) -> Tensor {
        let torch = try Engine.library(for: "sub")
        OperatorCalls.add()
        var result: TensorHandle?
        guard torch.subtract(handle, other.handle, alpha, &result) == 0, let result else {
            throw .operation(
                name: alpha < 0 ? "add" : "sub", shapes: [shape, other.shape], message: torch.failureMessage())
        }
        return Tensor(owning: result)
    }

    package func tanh() throws(TorchError) -> Tensor { try dispatch("aten::tanh", "", .tensor(self)) }
    package func sin() throws(TorchError) -> Tensor { try dispatch("aten::sin", "", .tensor(self)) }
    package func cos() throws(TorchError) -> Tensor { try dispatch("aten::cos", "", .tensor(self)) }
    package func exp() throws(TorchError) -> Tensor { try dispatch("aten::exp", "", .tensor(self)) }
    package func absolute() throws(TorchError) -> Tensor { try dispatch("aten::abs", "", .tensor(self)) }
    /// Rounds to the nearest integer, halves to even.
    package func rounded() throws(TorchError) -> Tensor { try dispatch("aten::round", "", .tensor(self)) }

    /// Limits every element to `range`.
    package func clamped(_ range: ClosedRange<Double>) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::clamp", "Tensor", .tensor(self), .some(.tensor(try .scalar(range.lowerBound).to(dtype))),
            .some(.tensor(try .scalar(range.upperBound).to(dtype))))
    }

    package func sum() throws(TorchError) -> Tensor { try dispatch("aten::sum", "", .tensor(self), .none) }

    package func mean() throws(TorchError) -> Tensor { try dispatch("aten::mean", "", .tensor(self), .none) }
}
