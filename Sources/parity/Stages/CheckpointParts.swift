import Diffusion
import OmniGen2
import QwenVL
import Torch

extension Goldens {
    /// The set's checkpoint.
    func modelFolder() throws -> ModelFolder { try ModelFolder(path: folder + "/" + manifest.checkpoint) }

    func transformer(_ dtype: DType = .float32) throws -> Transformer {
        try modelFolder().transformer(dtype, device)
    }

    func autoencoder(_ dtype: DType = .float32) throws -> Autoencoder {
        try modelFolder().autoencoder(dtype, device)
    }

    func languageModel(_ dtype: DType = .float32) throws -> LanguageModel {
        try modelFolder().languageModel(dtype, device)
    }

    func visionTower(_ dtype: DType = .float32) throws -> VisionTower {
        try modelFolder().visionTower(dtype, device)
    }

    func tokenizer() throws -> Tokenizer {
        try modelFolder().tokenizer()
    }
}
