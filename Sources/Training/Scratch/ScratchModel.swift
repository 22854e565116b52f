import Diffusion
import Layers
import OmniGen2
import QwenVL
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A model that has not learnt anything but its tokenizer: weights as the original's code starts them.
package struct ScratchModel: Sendable {
    package let description: ScratchDescription
    package let tokenizer: TrainedTokenizer

    /// A part that has been written.
    package struct Part: Sendable {
        package let part: ModelFolder.Part
        package let parameters: Int
    }

    /// Learns the tokenizer.
    ///
    /// - Throws: `SettingsError` when its vocabulary is too small for the standing prompts.
    package init(_ description: ScratchDescription, lines: some Sequence<String>) throws {
        var trainer = TokenizerTrainer(vocabularySize: description.vocabularySize)
        for line in lines { trainer.add(line) }
        self.description = description
        do {
            tokenizer = try trainer.train()
        } catch {
            throw SettingsError(file: description.file, line: nil, reason: "\(error)")
        }
    }

    /// Writes the folder in the published layout; nothing stays behind when that fails.
    ///
    /// - Throws: `SettingsError` when no model of the description can be built, `GenerationError.output` when something
    ///   else stands in the way.
    @Engine
    package func write(to output: String, replaces: Bool = false) throws -> [Part] {
        _ = try ModelFolder.isToBeReplaced(output, allowed: replaces)
        let configurations = configurations
        let plans = try explained { try Self.plans(configurations, pictureSize: description.pictureSize) }
        let folder = try AtomicFolder(path: URL(fileURLWithPath: output).standardizedFileURL.path)
        for part in ModelFolder.Part.allCases {
            try folder.write(plans[part]?.tensors(seed: description.seed) ?? [], of: part)
            try folder.write((configurations[part] ?? .null).text(), to: "\(part.rawValue)/config.json")
        }
        try folder.write(generation.text(), to: "mllm/generation_config.json")
        _ = try folder.folder("processor")
        for (name, contents) in try tokenizer.files() { try folder.write(contents, to: "processor/\(name)") }
        try folder.write(preprocessor.text(), to: "processor/preprocessor_config.json")
        _ = try folder.folder("scheduler")
        try folder.write(PublishedConfiguration.scheduler.text(), to: "scheduler/scheduler_config.json")
        try folder.write(PublishedConfiguration.modelIndex.text(), to: "model_index.json")
        try ModelFolder(path: folder.temporaryPath).verify()
        try folder.commit()
        return ModelFolder.Part.allCases.map { Part(part: $0, parameters: plans[$0]?.parameterCount ?? 0) }
    }

    /// What each part is made of.
    private static func plans(
        _ configurations: [ModelFolder.Part: JSONValue], pictureSize: Int
    ) throws -> [ModelFolder.Part: TensorPlan] {
        func configuration<T: Decodable>(_ type: T.Type, _ part: ModelFolder.Part) throws -> T {
            try (configurations[part] ?? .null).decoded(type)
        }
        let (transformer, vae, mllm) = (TensorPlan(), TensorPlan(), TensorPlan())
        let sizes = try configuration(TransformerConfiguration.self, .transformer)
        let autoencoder = try configuration(AutoencoderConfiguration.self, .vae)
        let multiple = autoencoder.scaleFactor * sizes.patchSize
        guard pictureSize % multiple == 0 else {
            throw ConfigurationError(
                "picture_size \(pictureSize) must be a multiple of \(multiple), the pixels of a token")
        }
        _ = try Transformer(Weights(transformer), sizes)
        _ = try Autoencoder(Weights(vae), autoencoder)
        let language = try configuration(LanguageModelConfiguration.self, .mllm)
        _ = try LanguageModel(Weights(mllm), language)
        _ = try VisionTower(Weights(mllm)["visual"], language.vision)
        return [.transformer: transformer, .vae: vae, .mllm: mllm]
    }

    /// What the models refuse, as an error of the description.
    private func explained<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error where error is ConfigurationError || error is LanguageModelError || error is TrainingError {
            throw SettingsError(file: description.file, line: nil, reason: "\(error)")
        }
    }
}
