import Torch

/// One part of the comparison: which files of a set it covers, and how.
struct Stage {
    let name: String
    let files: [String]
    let run: @Engine (Goldens) throws -> Void

    /// In the order of the pipeline.
    static let all: [Stage] = [
        .random, .tokenizer, .preprocessing, .images, .multimodalPositions, .vision, .languageModel, .generate,
        .rotary, .block, .transformer, .autoencoder, .schedulers, .pipeline, .pipelineBFloat16, .caches, .lora,
        .chat, .training, .realShapes,
    ]

    /// Runs every stage whose files the set has.
    @Engine
    static func compare(_ goldens: Goldens, only filter: String? = nil) {
        let present = Set(goldens.manifest.tensors.map(\.file) + (goldens.manifest.json ?? []).map(\.file))
        for stage in all where filter.map({ stage.name.contains($0) }) ?? true {
            guard stage.files.contains(where: present.contains) else { continue }
            do {
                try stage.run(goldens)
            } catch {
                goldens.fail(stage.name, error)
            }
        }
        if filter == nil { goldens.finish() }
    }
}
