import Layers
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Everything a run goes on from: one safetensors file, which appears under its name only when it is complete.
///
/// Tensors are named `parameter/PATH`, `first/PATH`, `second/PATH` (moments of AdamW) and `average/PATH`; the rest is JSON
/// under the key `training` of the header.
package struct Checkpoint {
    /// What is no tensor.
    package struct Progress: Codable, Equatable, Sendable {
        /// Steps of the optimiser, which is also the place in the learning-rate schedule.
        package var stepCount: Int
        package var averageCount: Int?
        package var generators: Generators.State
        package var position: SampleOrder.Position
        /// Samples that were passed over; checkpoints of earlier versions do not say.
        package var skipped: Int?
        /// What the numbers depend on beside all this: versions, threads, instruction set. A run resumed elsewhere goes on
        /// well, but not to the same bits.
        package var environment: [String: String]
    }

    package let progress: Progress
    /// By name; shared with the trainer, or with the file.
    let tensors: [String: Tensor]

    private static let key = "training"

    init(progress: Progress, tensors: [String: Tensor]) {
        self.progress = progress
        self.tensors = tensors
    }

    /// Opens a file that `write` made.
    ///
    /// - Throws: `SafetensorsError` for a file that is none, `TrainingError.checkpoint` for one of something else.
    package init(path: String) throws {
        let file = try SafetensorsFile(path: path)
        guard let text = file.metadata[Self.key] else {
            throw TrainingError.checkpoint(path: path, reason: "holds no training state")
        }
        do {
            progress = try JSONDecoder().decode(Progress.self, from: Data(text.utf8))
        } catch {
            throw TrainingError.checkpoint(path: path, reason: "its training state cannot be read: \(error)")
        }
        var tensors: [String: Tensor] = [:]
        for name in file.entries.keys { tensors[name] = try CheckpointSource.tensor(name, in: file) }
        self.tensors = tensors
    }

    /// Writes one file at `path`; a file of that name is replaced once the new one is complete and on the disk.
    package func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(progress), as: UTF8.self)
        let list = tensors.map { name, tensor in
            SafetensorsWriter.Tensor(
                name: name, elementType: ElementType(tensor.dtype), shape: tensor.shape,
                withBytes: { body in try tensor.detached().withBytes(body) })
        }
        try SafetensorsWriter.write(list, metadata: [Self.key: text], to: path)
    }

    /// What differs between where the checkpoint was written and here, in words.
    package func differences(from environment: [String: String]) -> [String] {
        Set(progress.environment.keys).union(environment.keys).sorted().compactMap { name in
            let (then, now) = (progress.environment[name], environment[name])
            return then == now ? nil : "\(name): \(then ?? "unknown") then, \(now ?? "unknown") now"
        }
    }
}

extension Trainer {
    /// Names of everything that changes, and the tensors themselves.
    private var state: [(name: String, tensor: Tensor)] {
        func named(_ kind: String, _ tensors: [Tensor]) -> [(name: String, tensor: Tensor)] {
            zip(parameters.list, tensors).map { ("\(kind)/\($0.path)", $1) }
        }
        return named("parameter", parameters.list.map(\.value)) + named("first", optimizer.first)
            + named("second", optimizer.second) + named("average", average?.values ?? [])
    }

    /// The state of the run, to be written before the next step: its tensors are those of the trainer.
    package func checkpoint(
        position: SampleOrder.Position = SampleOrder.Position(), skipped: Int = 0, environment: [String: String] = [:]
    ) -> Checkpoint {
        let progress = Checkpoint.Progress(
            stepCount: stepCount, averageCount: average?.count, generators: generators.state, position: position,
            skipped: skipped, environment: environment)
        return Checkpoint(progress: progress, tensors: Dictionary(state, uniquingKeysWith: { $1 }))
    }

    /// Goes on from `checkpoint`.
    ///
    /// - Throws: `WeightError` when it is not of this model, these parameters and this kind of average; nothing has changed
    ///   then.
    package func restore(_ checkpoint: Checkpoint) throws {
        let state = state
        for (name, tensor) in state {
            guard let stored = checkpoint.tensors[name] else {
                throw WeightError.missing(key: name, shape: tensor.shape, origin: "checkpoint")
            }
            guard stored.shape == tensor.shape else {
                throw WeightError.wrongShape(
                    key: name, expected: tensor.shape, got: stored.shape, origin: "checkpoint")
            }
        }
        let unused = Set(checkpoint.tensors.keys).subtracting(state.map(\.name)).sorted()
        if !unused.isEmpty { throw WeightError.unused(keys: unused, origin: "checkpoint") }
        try withGradients(false) {
            for (name, tensor) in state {
                if let stored = checkpoint.tensors[name] { try tensor.copy(from: stored) }
            }
        }
        optimizer.count = checkpoint.progress.stepCount
        average?.count = checkpoint.progress.averageCount ?? 0
        generators.restore(checkpoint.progress.generators)
    }
}
