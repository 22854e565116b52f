import Layers

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension AtomicFolder {
    /// Writes the tensors of a part in the published layout: one file, or shards of a limited size and an index.
    package func write(
        _ tensors: [SafetensorsWriter.Tensor], of part: ModelFolder.Part, maximumShardBytes: Int = 5_000_000_000
    ) throws {
        let plan = ShardPlan(
            tensors, stem: part == .mllm ? "model" : "diffusion_pytorch_model", maximumBytes: maximumShardBytes)
        let path = try folder(part.rawValue)
        for shard in plan.shards {
            try report {
                try SafetensorsWriter.write(shard.tensors, metadata: ["format": "pt"], to: "\(path)/\(shard.file)")
            }
        }
        if let index = plan.index { try write(index.document.text(), to: "\(part.rawValue)/\(index.file)") }
    }

    /// An error of a file of this folder is one of the output, not of a model.
    func report(_ write: () throws -> Void) throws {
        do {
            try write()
        } catch let error as SafetensorsError where error.file.hasPrefix(temporaryPath) {
            throw GenerationError.output("\(error)")
        }
    }
}

extension ModelFolder {
    /// Whether a model folder stands where another is to be written.
    ///
    /// - Throws: `GenerationError.output` when it must not be replaced, or when something else stands there.
    package static func isToBeReplaced(_ path: String, allowed: Bool) throws -> Bool {
        let manager = FileManager.default
        guard manager.fileExists(atPath: path) else { return false }
        if (try? manager.contentsOfDirectory(atPath: path))?.isEmpty == true { return false }
        guard allowed else { throw GenerationError.output("\(path) exists; pass --force to overwrite it") }
        guard manager.fileExists(atPath: path + "/model_index.json") else {
            throw GenerationError.output("\(path) is no model folder and is not overwritten")
        }
        return true
    }
}
