import Diffusion
import Foundation
import Layers
import QwenVL
import Torch

@testable import OmniGen2

/// A model with random weights whose sizes single files can tell: heads of 128 numbers, and of 80 in the vision tower.
struct SmallModel {
    /// Of every part, in published names.
    let tensors: [ModelFolder.Part: [SafetensorsWriter.Tensor]]
    let configurations: [ModelFolder.Part: JSONValue]

    static let processor = PipelineTests.checkpoint + "/processor"

    /// Remembers what a model asks for.
    private final class Recorder: WeightSource {
        var tensors: [SafetensorsWriter.Tensor] = []
        private let random = RandomSource(seed: 7)
        var origin: String { random.origin }
        var names: [String]? { nil }
        func shape(of name: String) -> [Int]? { nil }

        func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
            let isScale = if case .ones = initial { true } else { false }
            let tensor = try random.tensor(name, shape, initial: .normal(0.05)).map { isScale ? try $0 + 1 : $0 }
            let bytes = try tensor?.withBytes { Array($0) } ?? []
            tensors.append(.init(name: name, elementType: .float32, shape: shape, bytes: bytes))
            return tensor
        }
    }

    @Engine
    init(tiesEmbeddings: Bool = true) throws {
        var transformer = PublishedConfiguration.transformer
        for (name, value) in [
            ("hidden_size", 72), ("num_layers", 2), ("num_refiner_layers", 1), ("num_attention_heads", 3),
            ("num_kv_heads", 1), ("multiple_of", 32), ("text_feat_dim", 128),
        ] { transformer[name] = .int(value) }
        transformer["axes_dim_rope"] = [8, 8, 8]
        var autoencoder = PublishedConfiguration.autoencoder
        autoencoder["block_out_channels"] = [32, 32, 32, 64]
        autoencoder["layers_per_block"] = 1
        var mllm = PublishedConfiguration.languageModel
        for (name, value) in [
            ("hidden_size", 128), ("num_hidden_layers", 2), ("num_attention_heads", 1), ("num_key_value_heads", 1),
            ("intermediate_size", 96), ("vocab_size", 2048),
        ] { mllm[name] = .int(value) }
        mllm["tie_word_embeddings"] = .bool(tiesEmbeddings)
        for (name, value) in [
            ("depth", 1), ("hidden_size", 80), ("num_heads", 1), ("intermediate_size", 24), ("out_hidden_size", 128),
        ] { mllm["vision_config"]?[name] = .int(value) }
        mllm["vision_config"]?["fullatt_block_indexes"] = []
        configurations = [.transformer: transformer, .vae: autoencoder, .mllm: mllm]

        let (dit, vae, qwen) = (Recorder(), Recorder(), Recorder())
        _ = try Transformer(Weights(dit), transformer.decoded(TransformerConfiguration.self))
        _ = try Autoencoder(Weights(vae), autoencoder.decoded(AutoencoderConfiguration.self))
        let language = try mllm.decoded(LanguageModelConfiguration.self)
        _ = try LanguageModel(Weights(qwen), language)
        _ = try VisionTower(Weights(qwen)["visual"], language.vision)
        tensors = [.transformer: dit.tensors, .vae: vae.tensors, .mllm: qwen.tensors]
    }

    /// Writes the published layout.
    func write(to folder: String) throws {
        func json(_ document: JSONValue, _ name: String) throws {
            let url = URL(fileURLWithPath: "\(folder)/\(name)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try document.text().write(to: url)
        }
        try json(PublishedConfiguration.modelIndex, "model_index.json")
        try json(PublishedConfiguration.scheduler, "scheduler/scheduler_config.json")
        for (part, tensors) in tensors {
            try json(configurations[part] ?? .null, "\(part.rawValue)/config.json")
            let stem = part == .mllm ? "model" : "diffusion_pytorch_model"
            try SafetensorsWriter.write(tensors, to: "\(folder)/\(part.rawValue)/\(stem).safetensors")
        }
        try FileManager.default.copyItem(atPath: Self.processor, toPath: folder + "/processor")
    }

    /// Writes a file for each part, in the names of ComfyUI, FLUX and newer versions of transformers.
    func writeForeign(to folder: String) throws -> ModelFiles {
        func write(_ part: ModelFolder.Part, _ file: String, _ spell: (String) -> String) throws -> String {
            let renamed = (tensors[part] ?? []).map { tensor in
                SafetensorsWriter.Tensor(
                    name: spell(tensor.name), elementType: tensor.elementType,
                    shape: ForeignNames.originalAutoencoderShape(tensor.name, tensor.shape),
                    withBytes: tensor.withBytes)
            }
            try SafetensorsWriter.write(renamed, to: "\(folder)/\(file)")
            return "\(folder)/\(file)"
        }
        var files = ModelFiles()
        // Formats are told by the names inside, whatever the file is called.
        files.transformer = try write(.transformer, "a.safetensors", ForeignNames.comfyTransformer)
        files.vae = try write(.vae, "b.safetensors", ForeignNames.originalAutoencoder)
        files.mllm = try write(.mllm, "c.safetensors", ForeignNames.newerLanguageModel)
        files.processor = Self.processor
        return files
    }
}

/// A folder that is gone afterwards.
func withTemporaryFolder<R>(_ body: (String) async throws -> R) async throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("omnigen2-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}
