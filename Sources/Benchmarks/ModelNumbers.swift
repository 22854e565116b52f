import Layers
import OmniGen2
import Torch

/// What the models of a benchmark compute with.
package struct ModelNumbers: Sendable {
    package var dtype = DType.bfloat16
    /// How far the weights of large layers are rounded: bf16 only.
    package var quantization: OmniGen2.Quantization?

    package init() {}

    var storage: WeightStorage { quantization?.storage ?? Kernels.storage }

    /// What bounds products.
    var peak: MachinePeak { quantization != nil ? .int8 : dtype == .float32 ? .float32 : .bfloat16 }

    /// Bytes of a number in a layer of the language model. In 12 bits there is room for an exception in 256 of them; in 4
    /// bits 60 or 64 of them share a multiple, a byte.
    var bytesOfLayer: Double {
        switch quantization {
        case nil: dtype == .bfloat16 && storage == .packed ? 1.5 + 1.0 / 64 : Double(dtype.byteCount)
        case .int8: 1
        case .int4: 0.5 + 1.0 / 64
        }
    }

    /// Bytes of a number in its head.
    var bytesOfHead: Double { quantization == nil ? bytesOfLayer : 1 }
}
