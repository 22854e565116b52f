import Diffusion
import Layers
import QwenVL
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A checkpoint on disk in the published layout: `model_index.json`, and a folder for each part.
package struct ModelFolder: Sendable {
    package let path: String

    /// The parts with tensors, by the names of their folders.
    package enum Part: String, CaseIterable, Sendable {
        case transformer, vae, mllm
    }

    /// What the published folder's index calls its pipeline.
    private static let pipelineClasses = ["OmniGen2Pipeline", "OmniGen2ChatPipeline"]

    /// - Throws: `GenerationError.model` when the folder is missing or holds something else.
    package init(path: String) throws {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            throw GenerationError.missing("\(path): no such folder")
        }
        self.path = path
        let index = try decode(Index.self, "model_index.json")
        guard Self.pipelineClasses.contains(index._class_name) else {
            throw GenerationError.model(
                "\(path)/model_index.json: expected _class_name \(Self.pipelineClasses[0]), got \(index._class_name)")
        }
    }

    private struct Index: Decodable {
        let _class_name: String
    }

    /// Decodes a JSON file of the folder, with an error that names the file and the field.
    private func decode<T: Decodable>(_ type: T.Type, _ file: String) throws -> T {
        guard let data = FileManager.default.contents(atPath: "\(path)/\(file)") else {
            throw GenerationError.model("\(path): \(file) is missing; this is not a complete OmniGen2 checkpoint")
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw GenerationError.model("\(path)/\(file): \(Self.explain(error))")
        } catch {
            throw GenerationError.model("\(path)/\(file): \(error)")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "the field \(key.stringValue) is missing"
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            "the field \(context.codingPath.map(\.stringValue).joined(separator: ".")) is not a \(type)"
        case .dataCorrupted: "not JSON"
        @unknown default: "\(error)"
        }
    }

    package func transformerConfiguration() throws -> TransformerConfiguration {
        try decode(TransformerConfiguration.self, "transformer/config.json")
    }

    package func autoencoderConfiguration() throws -> AutoencoderConfiguration {
        try decode(AutoencoderConfiguration.self, "vae/config.json")
    }

    package func languageModelConfiguration() throws -> LanguageModelConfiguration {
        try decode(LanguageModelConfiguration.self, "mllm/config.json")
    }

    /// `dynamic_time_shift` of `scheduler/scheduler_config.json`; the original's default where it is not said.
    package func shiftsTime() throws -> Bool {
        struct Scheduler: Decodable {
            let dynamic_time_shift: Bool?
        }
        return try decode(Scheduler.self, "scheduler/scheduler_config.json").dynamic_time_shift ?? true
    }

    package func tokenizer() throws -> Tokenizer { try Tokenizer(folder: path + "/processor") }

    /// The tensors of a part, opened but not read.
    package func tensors(_ part: Part) throws -> SafetensorsFolder {
        try SafetensorsFolder(path: "\(path)/\(part.rawValue)")
    }

    private func weights(_ part: Part, _ dtype: DType, _ device: Device) throws -> Weights {
        Weights(CheckpointSource(try tensors(part)), dtype: dtype, device: device)
    }

    package func transformer(_ dtype: DType, _ device: Device) throws -> Transformer {
        let weights = try weights(.transformer, dtype, device)
        let model = try Transformer(weights, transformerConfiguration())
        try weights.requireAllConsumed()
        return model
    }

    package func autoencoder(_ dtype: DType, _ device: Device) throws -> Autoencoder {
        let weights = try weights(.vae, dtype, device)
        let model = try Autoencoder(weights, autoencoderConfiguration())
        try weights.requireAllConsumed()
        return model
    }

    /// The language half of the multimodal model; the vision tower stays on disk.
    package func languageModel(_ dtype: DType, _ device: Device) throws -> LanguageModel {
        let weights = try weights(.mllm, dtype, device)
        let configuration = try languageModelConfiguration()
        let model = try LanguageModel(weights, configuration)
        try weights.requireAllConsumed {
            $0.hasPrefix("visual.") || (configuration.tiesEmbeddings && $0 == "lm_head.weight")
        }
        return model
    }

    package func visionTower(_ dtype: DType, _ device: Device) throws -> VisionTower {
        let weights = try weights(.mllm, dtype, device)
        let tower = try VisionTower(weights["visual"], languageModelConfiguration().vision)
        try weights.requireAllConsumed { !$0.hasPrefix("visual.") }
        return tower
    }

    /// Everything the image path needs.
    package func pipeline(_ dtype: DType, _ device: Device) throws -> Pipeline {
        Pipeline(
            promptEncoder: PromptEncoder(
                tokenizer: try tokenizer(), languageModel: try languageModel(dtype, device)),
            transformer: try transformer(dtype, device), autoencoder: try autoencoder(dtype, device),
            shiftsTime: try shiftsTime(), dtype: dtype, device: device)
    }
}
