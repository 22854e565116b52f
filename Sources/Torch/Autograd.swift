extension Tensor {
    /// Marks a leaf for which `backward` shall compute a gradient.
    package func setRequiresGradient(_ required: Bool = true) throws(TorchError) {
        let torch = try Engine.library(for: "requires_grad")
        guard torch.setRequiresGrad(handle, required) == 0 else {
            throw .operation(name: "requires_grad", shapes: [shape], message: torch.failureMessage())
        }
    }

    /// Adds d(self)/d(leaf) to the gradient of each leaf; self is a scalar unless `gradient` is given.
    package func backward(
        gradient: Tensor? = nil, inputs: [Tensor] = []
    ) throws(TorchError) {
        try dispatchVoid(
            "aten::_backward", "", .tensor(self), .tensors(inputs), .optional(gradient), .none, .bool(false))
    }

    /// The gradient that `backward` left, if any; shares its memory.
    package var gradient: Tensor? {
        guard let torch = Engine.loadedLibrary else { return nil }
        let implementation = UnsafeRawPointer(handle).load(as: UnsafeRawPointer.self)
        var defined: TensorHandle?
        var count: Int64 = 0
        guard let borrowed = torch.gradient(implementation), torch.dimensions(borrowed, &count) == 0,
            torch.newTensorHandle(borrowed, &defined) == 0, let defined
        else { return nil }
        let tensor = Tensor(owning: defined)
        return tensor.isDefined ? tensor : nil
    }

    private var isDefined: Bool {
        var isDefined = false
        return Engine.loadedLibrary?.isDefined(handle, &isDefined) == 0 && isDefined
    }

    /// A tensor that shares memory with this one and has no history.
    package func detached() throws(TorchError) -> Tensor { try dispatch("aten::detach", "", .tensor(self)) }
}

/// Runs `body` with gradient recording on, or off, on the engine's thread.
package func withGradients<R>(_ recorded: Bool = true, _ body: () throws -> R) throws -> R {
    let torch = try Engine.library(for: "grad_mode")
    let before = torch.gradModeIsEnabled()
    torch.setGradMode(recorded)
    defer { torch.setGradMode(before) }
    return try body()
}

/// Whether operators on this thread record gradients now.
package var gradientsAreRecorded: Bool { Engine.loadedLibrary?.gradModeIsEnabled() ?? false }
