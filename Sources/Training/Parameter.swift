import Torch

/// A tensor that training changes: a float32 leaf of the gradients' graph, in memory of its own.
package struct Parameter {
    /// The name a checkpoint has for it.
    package let path: String
    package let value: Tensor

    /// - Parameter initial: where the values come from; its memory is not shared.
    init(path: String, initial: Tensor, device: Device) throws {
        self.path = path
        let converted = try initial.detached().to(.float32).to(device)
        value = try converted.clone().contiguous()
        try value.setRequiresGradient()
    }
}
