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
    /// What stands in for parts of the folder.
    package let files: ModelFiles
    /// Whether there is a folder at all, or only files that cover every part.
    package let hasFolder: Bool
    /// How far weights are rounded when they are loaded; those of packed files are what they are.
    var quantization: OmniGen2.Quantization?
    /// Reads the blocks of the transformer and the multimodal model each time it is their turn, and keeps none.
    var streamsBlocks = false

    /// The parts with tensors, by the names of their folders.
    package enum Part: String, CaseIterable, Sendable {
        case transformer, vae, mllm
    }

    /// What the published folder's index calls its pipeline.
    private static let pipelineClasses = ["OmniGen2Pipeline", "OmniGen2ChatPipeline"]

    /// - Throws: `GenerationError.missing` when there is no such folder, `.model` when it holds something else.
    package init(path: String, files: ModelFiles = ModelFiles()) throws {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            throw GenerationError.missing("\(path): no such folder")
        }
        self.path = path
        self.files = files
        hasFolder = true
        let index = try decode(Index.self, "model_index.json")
        guard Self.pipelineClasses.contains(index._class_name) else {
            throw GenerationError.model(
                "\(path)/model_index.json: expected _class_name \(Self.pipelineClasses[0]), got \(index._class_name)")
        }
    }

    /// A model of files alone.
    ///
    /// - Throws: `GenerationError.invalid` when a part or the processor is not among them.
    package init(files: ModelFiles) throws {
        guard let transformer = files.transformer, files.coverEveryPart, files.processor != nil else {
            throw GenerationError.invalid(
                "without a model folder a transformer, a vae, an mllm and a processor are needed")
        }
        path = transformer
        self.files = files
        hasFolder = false
    }

    private struct Index: Decodable {
        let _class_name: String
    }

    /// Decodes a JSON file of the folder, with an error that names the file and the field.
    func decode<T: Decodable>(_ type: T.Type, _ file: String) throws -> T {
        guard let data = FileManager.default.contents(atPath: "\(path)/\(file)") else {
            throw GenerationError.model("\(path): \(file) is missing; this is not a complete OmniGen2 checkpoint")
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw GenerationError.model("\(path)/\(file): \(error.explanation)")
        } catch {
            throw GenerationError.model("\(path)/\(file): \(error)")
        }
    }

    package func transformerConfiguration() throws -> TransformerConfiguration {
        try configuration(TransformerConfiguration.self, .transformer)
    }

    package func autoencoderConfiguration() throws -> AutoencoderConfiguration {
        try configuration(AutoencoderConfiguration.self, .vae)
    }

    /// Side in pixels of the pictures the model was made for: `sample_size` of its autoencoder, as far as it can be drawn.
    package func pictureSide() throws -> Int {
        let multiple = GenerationRequest.sizeMultiple
        let side = try autoencoderConfiguration().sampleSize ?? GenerationRequest.defaultSide
        return min(max(side / multiple * multiple, multiple), GenerationRequest.defaultSide)
    }

    package func languageModelConfiguration() throws -> LanguageModelConfiguration {
        try configuration(LanguageModelConfiguration.self, .mllm)
    }

    /// How the checkpoint's text is drawn; where the file is missing, `config.json` names the stop tokens.
    package func generationConfiguration() throws -> GenerationConfiguration {
        guard hasFolder else {
            return try PublishedConfiguration.languageModelGeneration.decoded(GenerationConfiguration.self)
        }
        let file = "mllm/generation_config.json"
        let exists = FileManager.default.fileExists(atPath: "\(path)/\(file)")
        return try decode(GenerationConfiguration.self, exists ? file : "mllm/config.json")
    }

    /// `dynamic_time_shift` of `scheduler/scheduler_config.json`; the original's default where it is not said.
    package func shiftsTime() throws -> Bool {
        struct Scheduler: Decodable {
            let dynamic_time_shift: Bool?
        }
        guard hasFolder else {
            return try PublishedConfiguration.scheduler.decoded(Scheduler.self).dynamic_time_shift ?? true
        }
        return try decode(Scheduler.self, "scheduler/scheduler_config.json").dynamic_time_shift ?? true
    }

    package func tokenizer() throws -> Tokenizer { try Tokenizer(folder: processorFolder) }

    /// Whether there is such a part at all.
    func holds(_ part: Part) -> Bool {
        files[part] != nil || FileManager.default.fileExists(atPath: "\(path)/\(part.rawValue)")
    }

    /// The tensors of a part, opened but not read.
    package func tensors(_ part: Part) throws -> SafetensorsFolder {
        try files.tensors(part) ?? SafetensorsFolder(path: "\(path)/\(part.rawValue)")
    }

    private func weights(_ part: Part, _ dtype: DType, _ device: Device) throws -> Weights {
        let tensors = try tensors(part)
        return Weights(
            try source(part, tensors), dtype: dtype, device: device, storage: try storage(part, tensors, dtype, device))
    }

    /// The tensors of a part under their published names, or packed.
    private func source(_ part: Part, _ tensors: SafetensorsFolder) throws -> any WeightSource {
        if try PackedSource.storage(of: tensors) != nil {
            let source = PackedSource(tensors)
            return streamsBlocks ? StreamingSource(source, tensors) : source
        }
        let checkpoint = try CheckpointPart(part, tensors)
        guard streamsBlocks, part != .vae else { return try checkpoint.source() }
        let source = try checkpoint.source()
        guard (source.names ?? []).allSatisfy({ source.storedName(of: $0) == $0 && !checkpoint.isScaled($0) }) else {
            throw GenerationError.invalid(
                "\(tensors.path): blocks are read one by one from the published and the packed layout only; write such "
                    + "a folder with omnigen2 convert or omnigen2 quantize")
        }
        return StreamingSource(source, tensors)
    }

    /// How its transformer is packed for our kernels; `nil` where it is not.
    package var packedStorage: WeightStorage? {
        get throws { try PackedSource.storage(of: tensors(.transformer)) }
    }

    /// How the weights of a part are to lie in memory.
    ///
    /// - Throws: `GenerationError.invalid` for packed files that are not to be computed with as they were packed for.
    func storage(_ part: Part, _ dtype: DType, _ device: Device) throws -> WeightStorage {
        try storage(part, tensors(part), dtype, device)
    }

    func storage(
        _ part: Part, _ tensors: SafetensorsFolder, _ dtype: DType, _ device: Device
    ) throws -> WeightStorage {
        guard let stored = try PackedSource.storage(of: tensors) else {
            // The autoencoder is small, and what it loses is seen.
            return part == .vae ? Kernels.storage : quantization?.storage ?? Kernels.storage
        }
        guard dtype == .bfloat16, device == .cpu else {
            throw GenerationError.invalid(
                "\(path)/\(part.rawValue) is packed for bf16 on the CPU, got \(dtype) on \(device)")
        }
        if let quantization, quantization.storage != stored {
            throw GenerationError.invalid(
                "\(path)/\(part.rawValue) is packed as \(stored.rawValue) and cannot be loaded as \(quantization.rawValue)"
            )
        }
        return stored
    }

    package func transformer(_ dtype: DType, _ device: Device) throws -> Transformer {
        try transformer(transformerSource(dtype, device), dtype, device)
    }

    /// The transformer's tensors, each kept once it has been read.
    package func transformerSource(_ dtype: DType, _ device: Device) throws -> ResidentSource {
        ResidentSource(try source(.transformer, tensors(.transformer)), dtype: dtype, device: device)
    }

    /// The transformer of tensors that are kept, with adapters.
    package func transformer(
        _ source: ResidentSource, _ dtype: DType, _ device: Device, adapters: AdapterSet = AdapterSet()
    ) throws -> Transformer {
        let weights = Weights(
            source, dtype: dtype, device: device,
            storage: try storage(.transformer, tensors(.transformer), dtype, device),
            adapters: adapters)
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
        let model = try LanguageModel(weights, languageModelConfiguration())
        try weights.requireAllConsumed { $0.hasPrefix("visual.") || $0 == "lm_head.weight" }
        return model
    }

    package func visionTower(_ dtype: DType, _ device: Device) throws -> VisionTower {
        let weights = try weights(.mllm, dtype, device)
        let tower = try VisionTower(
            weights["visual"], languageModelConfiguration().vision, pixelRange: pixelRange())
        try weights.requireAllConsumed { !$0.hasPrefix("visual.") }
        return tower
    }

    /// Checks that every tensor the models ask for is there once, in its shape, and that nothing is left over, without
    /// reading any of them.
    package func verify() throws {
        func shapes(_ part: Part) throws -> Weights {
            guard try PackedSource.storage(of: tensors(part)) == nil else { return try weights(part, .bfloat16, .cpu) }
            return Weights(try checkpoint(part).shapes())
        }
        try requireFit()
        _ = try (tokenizer(), shiftsTime(), pixelRange())
        let transformer = try shapes(.transformer)
        _ = try Transformer(transformer, transformerConfiguration())
        try transformer.requireAllConsumed()
        let autoencoder = try shapes(.vae)
        _ = try Autoencoder(autoencoder, autoencoderConfiguration())
        try autoencoder.requireAllConsumed()
        let mllm = try shapes(.mllm)
        let configuration = try languageModelConfiguration()
        try LanguageModel(mllm, configuration).prepareHead()
        _ = try VisionTower(mllm["visual"], configuration.vision)
        try mllm.requireAllConsumed { configuration.tiesEmbeddings && $0 == "lm_head.weight" }
    }

    /// Tokenizer and language model.
    package func promptEncoder(_ dtype: DType, _ device: Device) throws -> PromptEncoder {
        PromptEncoder(tokenizer: try tokenizer(), languageModel: try languageModel(dtype, device))
    }

    /// Everything the image path needs.
    ///
    /// - Parameters:
    ///   - promptEncoder: where it is loaded already.
    ///   - transformer: where it is loaded already.
    package func pipeline(
        _ dtype: DType, _ device: Device, promptEncoder: PromptEncoder? = nil, transformer: Transformer? = nil
    ) throws -> Pipeline {
        try requireFit()
        return Pipeline(
            promptEncoder: try promptEncoder ?? self.promptEncoder(dtype, device),
            transformer: try transformer ?? self.transformer(dtype, device),
            autoencoder: try autoencoder(dtype, device),
            shiftsTime: try shiftsTime(), dtype: dtype, device: device)
    }
}
