import Diffusion
import Layers
import QwenVL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ModelFolder {
    /// The tensors of a part, recognised by their names.
    ///
    /// - Throws: `GenerationError.model` when they are packed: such a model is only run.
    package func checkpoint(_ part: Part) throws -> CheckpointPart {
        let tensors = try tensors(part)
        if let storage = try PackedSource.storage(of: tensors) {
            throw GenerationError.model(
                "\(tensors.path) is packed (\(storage.rawValue)); the published layout is needed for this")
        }
        return try CheckpointPart(part, tensors)
    }

    /// The folder with the tokenizer's files.
    package var processorFolder: String { files.processor ?? path + "/processor" }

    /// The configuration of a part: the folder's, or what the shapes of its tensors say.
    package func configurationDocument(_ part: Part) throws -> JSONValue {
        if hasFolder { return try decode(JSONValue.self, "\(part.rawValue)/config.json") }
        return try DerivedConfiguration(checkpoint(part).shapes()).document(part)
    }

    func configuration<T: Decodable>(_ type: T.Type, _ part: Part) throws -> T {
        if hasFolder { return try decode(type, "\(part.rawValue)/config.json") }
        let document = try configurationDocument(part)
        do {
            return try document.decoded(type)
        } catch {
            throw GenerationError.model(
                "\(files[part] ?? path): its shapes give no \(part.rawValue) of OmniGen2 (\(error)); name a model "
                    + "folder whose configuration fits")
        }
    }

    /// Checks that the parts, which may come from different places, belong to one model.
    ///
    /// - Throws: `GenerationError.model` when the width of one is not what the next one reads.
    func requireFit() throws {
        let (transformer, autoencoder) = try (transformerConfiguration(), autoencoderConfiguration())
        let text = try languageModelConfiguration().hiddenSize
        guard text == transformer.textFeatureSize else {
            throw GenerationError.model(
                "\(files.mllm ?? path): the language model's states have \(text) numbers, the transformer "
                    + "\(files.transformer ?? path) reads \(transformer.textFeatureSize)")
        }
        guard autoencoder.latentChannels == transformer.inChannels else {
            throw GenerationError.model(
                "\(files.vae ?? path): the autoencoder's latents have \(autoencoder.latentChannels) channels, the "
                    + "transformer \(files.transformer ?? path) reads \(transformer.inChannels)")
        }
    }
}
