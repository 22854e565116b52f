import Diffusion
import Layers
import OmniGen2
import Torch

/// What a run trains: one part of a model, by what loss, and what that makes of a sample.
package protocol TrainingStage {
    /// Where its samples are.
    associatedtype File: SampleCollection
    associatedtype Item
    associatedtype Objective: Loss where Objective.Batch == [Item]

    var part: ModelFolder.Part { get }
    var loss: Objective { get }

    /// Makes the part, and so reads every tensor that is trained.
    func build(_ weights: Weights) throws

    /// What is learnt from a sample.
    ///
    /// - Throws: `SampleError` when it cannot be used.
    func items(_ sample: File.Sample, _ generators: Generators) throws -> [Item]

    /// The weights that a new run starts from: those of `source`, changed to fit the data if that is wanted.
    ///
    /// - Parameter items: of so many samples.
    func start(_ source: any WeightSource, _ items: (Int) throws -> [Item]) throws -> any WeightSource

    /// A batch in the order in which it is fastest.
    func arranged(_ batch: [Item]) -> [Item]

    /// The configuration of the part, trained to `weights`.
    func configurationDocument(_ weights: Weights) throws -> JSONValue
}

extension TrainingStage {
    package func start(_ source: any WeightSource, _ items: (Int) throws -> [Item]) throws -> any WeightSource {
        source
    }
    package func arranged(_ batch: [Item]) -> [Item] { batch }
}

/// The parts that can be trained, as `--stage` names them.
package enum StageName: String, CaseIterable, Sendable {
    case transformer, vae, mllm
}
