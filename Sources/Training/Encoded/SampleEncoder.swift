import Diffusion
import OmniGen2
import QwenVL
import Torch

/// The models that encode samples, and how.
struct SampleEncoder {
    let promptEncoder: PromptEncoder
    let pictures: PictureReader
    let patchSize: Int
    let dtype: DType
    /// Pictures and prompts that are computed together.
    let batchSize: Int
    private let autoencoder: Autoencoder
    private let options: DataOptions
    private let device: Device

    init(_ model: ModelFolder, _ options: DataOptions, _ dtype: DType, _ device: Device, batchSize: Int) throws {
        promptEncoder = try model.promptEncoder(dtype, device)
        autoencoder = try model.autoencoder(dtype, device)
        patchSize = try model.transformerConfiguration().patchSize
        pictures = PictureReader(options, multiple: autoencoder.configuration.scaleFactor * patchSize)
        (self.options, self.dtype, self.device, self.batchSize) = (options, dtype, device, batchSize)
    }

    /// Numbers of a token's state.
    var textFeatures: Int { promptEncoder.languageModel.configuration.hiddenSize }

    /// Numbers of a picture's latent.
    func latentCount(_ size: PictureSize) -> Int {
        let configuration = autoencoder.configuration
        return configuration.latentChannels * (size.width / configuration.scaleFactor)
            * (size.height / configuration.scaleFactor)
    }

    /// Of pictures [B, 3, H, W].
    func posterior(_ pixels: Tensor) throws -> Autoencoder.Posterior {
        try autoencoder.encode(pixels.to(dtype).to(device))
    }

    func tokens(_ instruction: String?) throws -> [Int] { try promptEncoder.tokens(instruction, options) }

    /// States of prompts on the CPU, each [L, D]; of a prompt without tokens there are none.
    func states(_ prompts: [[Int]]) throws -> [Tensor] {
        if prompts.allSatisfy(\.isEmpty) {
            return try prompts.map { _ in try Tensor.empty([0, textFeatures], dtype: dtype) }
        }
        return try promptEncoder.states(prompts).map { try $0.to(.cpu).contiguous() }
    }
}
