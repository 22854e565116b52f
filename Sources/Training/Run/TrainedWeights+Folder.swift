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

    /// Writes a model's folder in the published layout, which `--model` takes: the trained part, and links to what was not
    /// trained.
    func write(to folder: String, _ part: ModelFolder.Part, _ configuration: JSONValue, model: ModelFolder) throws {
        let manager = FileManager.default
        let base = model.path.hasPrefix("/") ? model.path : "\(manager.currentDirectoryPath)/\(model.path)"
        try manager.createDirectory(atPath: "\(folder)/\(part.rawValue)", withIntermediateDirectories: true)
        let file = part == .mllm ? "model.safetensors" : "diffusion_pytorch_model.safetensors"
        try write(to: "\(folder)/\(part.rawValue)/\(file)")
        try Self.write(try configuration.text(), to: "\(folder)/\(part.rawValue)/config.json")
        let generation = "\(part.rawValue)/generation_config.json"
        if let data = manager.contents(atPath: "\(base)/\(generation)") {
            try Self.write(data, to: "\(folder)/\(generation)")
        }
        for name in ["model_index.json", "processor", "scheduler"] + ModelFolder.Part.allCases.map(\.rawValue)
        where name != part.rawValue {
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
