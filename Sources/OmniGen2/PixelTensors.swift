import Imaging
import Torch

/// Pictures of 8-bit pixels to tensors around -1...1, and back.
///
/// Source: `omnigen2/pipelines/image_processor.py` and diffusers' `VaeImageProcessor`.
package enum PixelTensors {
    /// A picture as [1, 3, H, W] in -1...1, float32.
    package static func tensor(_ image: Image) throws -> Tensor {
        try Tensor(image.pixels, [1, image.height, image.width, 3]).to(.float32)
            .permuted(0, 3, 1, 2).contiguous() / 255 * 2 - 1
    }

    /// [B, 3, H, W] in -1...1 to pictures; rounds halves to even, in the tensor's own type until the last step.
    package static func images(_ tensor: Tensor) throws -> [Image] {
        let (h, w) = (tensor.size(2), tensor.size(3))
        let unit = try (tensor * 0.5 + 0.5).clamped(0...1).to(.float32)
        let bytes = try (unit * 255).rounded().to(.uint8).permuted(0, 2, 3, 1).contiguous()  // [B, H, W, 3]
        return try (0..<tensor.size(0)).map {
            try Image(width: w, height: h, pixels: bytes.selected(0, $0).bytes())
        }
    }
}
