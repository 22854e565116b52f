import Layers
import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension TrainedWeights {
    /// Writes an adapter's folder as PEFT does, which `--lora` takes.
    func write(to folder: String, adapter: LowRankOptions) throws {
        try write(to: "\(folder)/adapter_model.safetensors")
        let configuration: JSONValue = [
            "peft_type": "LORA", "r": .int(adapter.rank), "lora_alpha": .double(adapter.alpha),
            "lora_dropout": .double(adapter.dropout), "target_modules": .array(adapter.targets.map { .string($0) }),
            "bias": "none", "use_rslora": false, "use_dora": false, "inference_mode": true,
        ]
        try Self.write(try configuration.text(), to: "\(folder)/adapter_config.json")
    }

    /// Writes a model's folder in the published layout, which `--model` takes: the transformer, and links to the parts of
    /// `model` that were not trained.
    func write(to folder: String, model: ModelFolder) throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: "\(folder)/transformer", withIntermediateDirectories: true)
        try write(to: "\(folder)/transformer/diffusion_pytorch_model.safetensors")
        let configuration = try model.configurationDocument(.transformer)
        try Self.write(try configuration.text(), to: "\(folder)/transformer/config.json")
        let base = model.path.hasPrefix("/") ? model.path : "\(manager.currentDirectoryPath)/\(model.path)"
        for name in ["model_index.json", "vae", "mllm", "processor", "scheduler"] {
            try manager.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: "\(base)/\(name)")
        }
    }

    private static func write(_ data: Data, to path: String) throws {
        do {
            try data.write(to: URL(fileURLWithPath: path))
        } catch {
            throw GenerationError.output("cannot write \(path)")
        }
    }
}
