import Layers
import QwenVL
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writes a model, from whatever files it comes, as a folder in the published layout: names, configurations, tokenizer.
///
/// Tensors pass one by one: those that keep their type are copied from the mapped file, the others are converted.
package struct CheckpointConversion: Sendable {
    let model: ModelFolder
    private let output: String
    /// Type of every tensor; `nil` keeps the stored ones, but for fp8, which becomes bf16.
    package var precision: OmniGen2.Precision?
    package var maximumShardBytes = 5_000_000_000
    /// Packs the transformer and the multimodal model for our kernels; `nil` keeps the published layout.
    package var storage: WeightStorage?
    /// What weights of 4 bits are rounded for; `nil` rounds each number to the nearest.
    package var calibration: Calibration?
    /// Whether a model in the place of the output is replaced.
    package var replaces = false

    package struct Progress: Sendable {
        package let part: ModelFolder.Part
        package let tensors: Int
        package let of: Int
    }

    package init(_ model: ModelFolder, output: String) {
        self.model = model
        self.output = Self.absolute(output)
    }

    /// Checks that the output may be written.
    ///
    /// - Throws: `GenerationError.output` when something is there that is not to be replaced, or that the conversion reads.
    package func requireFreeOutput() throws {
        guard try ModelFolder.isToBeReplaced(output, allowed: replaces) else { return }
        let inputs = ModelFolder.Part.allCases.map { model.files[$0] } + [model.files.processor, model.path]
        if let input = inputs.compactMap({ $0 }).first(where: { (Self.absolute($0) + "/").hasPrefix(output + "/") }) {
            throw GenerationError.output("\(output) is not overwritten: \(input) is read from there")
        }
    }

    /// Writes the folder. Cancelling the task leaves nothing behind.
    ///
    /// - Parameter calibrated: is told how far a calibration is.
    @Engine
    package func run(
        _ progress: @escaping (Progress) -> Void = { _ in },
        calibrated: @escaping (Calibration.Event) -> Void = { _ in }
    ) throws {
        try requireFreeOutput()
        try model.verify()
        let folder = try AtomicFolder(path: output)
        let samples = try calibration.map { try CalibrationSamples($0, model, calibrated) }
        // The transformer is calibrated with what the rounded language model makes of prompts.
        for part in [ModelFolder.Part.mllm, .transformer, .vae] {
            if let storage, part != .vae {
                try pack(part, storage, to: folder, samples: samples, progress)
            } else {
                try write(part, to: folder, progress)
            }
        }
        try writeProcessor(to: folder)
        try folder.write(PublishedConfiguration.modelIndex.text(), to: "model_index.json")
        _ = try folder.folder("scheduler")
        try folder.write(schedulerDocument().text(), to: "scheduler/scheduler_config.json")
        try folder.commit()
    }

    private func schedulerDocument() throws -> JSONValue {
        guard model.hasFolder else { return PublishedConfiguration.scheduler }
        return try model.decode(JSONValue.self, "scheduler/scheduler_config.json")
    }

    @Engine
    private func write(
        _ part: ModelFolder.Part, to folder: AtomicFolder, _ progress: @escaping (Progress) -> Void
    ) throws {
        let tensors = try tensors(part, progress)
        try folder.write(tensors, of: part, maximumShardBytes: maximumShardBytes)
        try writeConfiguration(part, tensors.first?.elementType, to: folder)
    }

    func writeConfiguration(_ part: ModelFolder.Part, _ type: ElementType?, to folder: AtomicFolder) throws {
        var configuration = try model.configurationDocument(part)
        if part == .mllm {
            configuration = Self.publishedForm(configuration)
            configuration["torch_dtype"] = type.map { .string(String(describing: $0)) }
            try folder.write(generationDocument().text(), to: "mllm/generation_config.json")
        }
        try folder.write(configuration.text(), to: "\(part.rawValue)/config.json")
    }

    @Engine
    private func tensors(
        _ part: ModelFolder.Part, _ progress: @escaping (Progress) -> Void
    ) throws -> [SafetensorsWriter.Tensor] {
        let checkpoint = try model.checkpoint(part)
        let source = try checkpoint.source()
        let names = try (source.names ?? []).sorted().filter { try !isLeftOut($0, part) }
        var done = 0
        return try names.map { name in
            try tensor(name, checkpoint, source) {
                try Task.checkCancellation()
                done += 1
                progress(Progress(part: part, tensors: done, of: names.count))
            }
        }
    }

    /// A head that is the embedding again has no tensor of its own in the published checkpoint.
    private func isLeftOut(_ name: String, _ part: ModelFolder.Part) throws -> Bool {
        try part == .mllm && name == "lm_head.weight" && model.languageModelConfiguration().tiesEmbeddings
    }

    @Engine
    private func tensor(
        _ name: String, _ checkpoint: CheckpointPart, _ source: any WeightSource,
        willWrite: @escaping () throws -> Void
    ) throws -> SafetensorsWriter.Tensor {
        guard let (file, entry) = checkpoint[name], let shape = source.shape(of: name),
            let stored = DType(entry.elementType)
        else { throw WeightError.missing(key: source.storedName(of: name), shape: [], origin: source.origin) }
        let isFloat8 = stored == .float8E4M3 || stored == .float8E5M2
        let dtype = precision?.dtype ?? (isFloat8 ? .bfloat16 : stored)
        let isCopied = dtype == stored && !checkpoint.isScaled(name)
        return SafetensorsWriter.Tensor(name: name, elementType: ElementType(dtype), shape: shape) { body in
            try willWrite()
            defer { file.releaseMemory(of: entry) }
            // The bytes of a 1x1 convolution are those of the linear layer.
            if isCopied { return try body(file.bytes(of: entry)) }
            guard let tensor = try source.tensor(name, shape, initial: .zeros) else { return }
            try tensor.to(dtype).withBytes(body)
        }
    }

    private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}

extension CheckpointConversion {
    /// The configuration of Qwen2.5-VL with its members where transformers 4.51 reads them: newer versions keep those of
    /// the language half in `text_config`, and the rotary ones in `rope_parameters`.
    package static func publishedForm(_ document: JSONValue) -> JSONValue {
        var published = document
        if case .object(let text)? = document["text_config"] {
            for (name, value) in text where published[name] == nil { published[name] = value }
        }
        if let rope = published["rope_parameters"] {
            published["rope_theta"] = rope["rope_theta"] ?? published["rope_theta"]
            var scaling = rope
            scaling["rope_theta"] = nil
            published["rope_scaling"] = published["rope_scaling"] ?? scaling
        }
        for name in ["text_config", "rope_parameters", "dtype"] { published[name] = nil }
        return published
    }

    private func generationDocument() throws -> JSONValue {
        let name = "mllm/generation_config.json"
        let isThere = model.hasFolder && FileManager.default.fileExists(atPath: "\(model.path)/\(name)")
        return isThere ? try model.decode(JSONValue.self, name) : PublishedConfiguration.languageModelGeneration
    }

    /// Copies the files of the tokenizer and of the preprocessing; the cache of the hub holds them as links.
    private func writeProcessor(to folder: AtomicFolder) throws {
        _ = try folder.folder("processor")
        let source = model.processorFolder
        let files = (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? []
        for file in files.sorted() where [".json", ".txt", ".jinja"].contains(where: file.hasSuffix) {
            guard let data = FileManager.default.contents(atPath: "\(source)/\(file)") else { continue }
            try folder.write(data, to: "processor/\(file)")
        }
    }
}
