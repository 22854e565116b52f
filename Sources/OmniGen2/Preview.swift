import Diffusion
import Imaging
import Torch

extension Pipeline {
    /// Longest side of a preview's latents: 32 are 256 pixels, a sixteenth of the work of decoding 1024.
    private static let previewSide = 32

    /// What the first picture would be if the velocity stayed as it is: a small image.
    ///
    /// - Parameters:
    ///   - latents: [B, C, H, W] before the step.
    ///   - velocity: the guided prediction there, [B, C, H, W].
    ///   - timestep: 0 is noise, 1 is the image.
    func preview(_ latents: Tensor, _ velocity: Tensor, timestep: Float) throws -> Image {
        let ending = try latents.narrowed(0, 0..<1) + Double(1 - timestep) * velocity.narrowed(0, 0..<1)
        let (height, width) = (ending.size(2), ending.size(3))
        let ratio = min(1, Double(Self.previewSide) / Double(max(height, width)))
        let small = try ending.bilinearResized(
            height: max(1, Int(Double(height) * ratio)), width: max(1, Int(Double(width) * ratio)))
        return try PixelTensors.images(autoencoder.decode(small).to(.cpu))[0]
    }
}

extension GenerationRequest {
    /// Whether a preview is due; the last step brings the picture itself.
    func wantsPreview(afterStep step: Int) -> Bool {
        previewInterval > 0 && (step + 1) % previewInterval == 0 && step + 1 < steps
    }
}
