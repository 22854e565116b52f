import Diffusion
import Foundation
import Layers
import Testing
import Torch

@testable import Training

@Suite struct TrainedWeightsTests {
    private static func withFile<R>(_ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trained-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path + "/model.safetensors")
    }

    /// A prediction that every weight has a part in.
    private static func prediction(_ weights: Weights) throws -> [Float] {
        let batch = try SmallTraining.batch()
        let loss = FlowMatchingLoss(try SmallTraining.configuration())
        let draw = try loss.draw(batch, Generator(seed: 4))
        let model = try Transformer(weights, SmallTraining.configuration())
        return try loss.predict(model, batch, draw, DirectExecution()).flatMap { try $0.floats() }
    }

    @Test func aTrainedModelIsReadAsAnyCheckpoint() async throws {
        try await withEngine {
            try Self.withFile { path in
                let parameters = try SmallTraining.parameters()
                let trainer = try SmallTraining.trainer(parameters, SmallTraining.options(averaging: 0.9))
                for _ in 0..<3 { _ = try trainer.step([SmallTraining.batch()]) }
                for values in [nil, trainer.average?.values] {
                    try TrainedWeights(parameters, values: values).write(to: path)
                    let read = Weights(CheckpointSource(try SafetensorsFolder(file: SafetensorsFile(path: path))))
                    let prediction = try Self.prediction(read)
                    #expect(try prediction == Self.prediction(parameters.weights(values: values)))
                    try read.requireAllConsumed()
                }
            }
        }
    }

    @Test func aTrainedAdapterIsReadAsAnyOther() async throws {
        try await withEngine {
            try Self.withFile { path in
                let parameters = try SmallTraining.parameters(lowRank: LowRankOptions(rank: 2, alpha: 6))
                let trainer = try SmallTraining.trainer(parameters, SmallTraining.options())
                for _ in 0..<3 { _ = try trainer.step([SmallTraining.batch()]) }
                try TrainedWeights(parameters).write(to: path)
                let source = ShapedSource(try SmallTraining.parameters())
                let match = try AdapterFile(path: path).match(source)
                #expect(match.unmatched.isEmpty && match.pairs.values.allSatisfy { $0.scale == 3 })
                var adapters = AdapterSet()
                adapters.add(match.pairs, scale: 1)
                let prediction = try Self.prediction(Weights(source, adapters: adapters))
                #expect(try prediction == Self.prediction(parameters.weights()))
                #expect(try prediction != Self.prediction(Weights(source)))
            }
        }
    }
}

/// The weights the small adapters were trained beside, with names and shapes.
private final class ShapedSource: WeightSource {
    private let tensors: [String: Tensor]

    init(_ parameters: Parameters) {
        tensors = Dictionary(parameters.list.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
    }

    var origin: String { "test" }
    var names: [String]? { tensors.keys.sorted() }
    func shape(of name: String) -> [Int]? { tensors[name]?.shape }
    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? { tensors[name] }
}
