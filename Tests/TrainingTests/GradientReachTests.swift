import Diffusion
import Foundation
import Layers
import QwenVL
import Testing
import Torch

@testable import Training

/// That the models of the other stages can be trained: no operator in them cuts the graph.
@Suite struct GradientReachTests {
    private static func configuration<T: Decodable>(_ type: T.Type, _ part: String) throws -> T {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let url = tests.appendingPathComponent("Fixtures/goldens/omnigen2-tiny/\(part)/config.json")
        return try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }

    private static func unreached(_ parameters: Parameters, _ loss: (Weights) throws -> Tensor) throws -> [String] {
        try withGradients { try loss(parameters.weights()).backward() }
        return try zip(parameters.list, parameters.gradients()).filter { _, gradient in
            try !gradient.floats().contains { $0 != 0 }
        }.map(\.0.path)
    }

    @Test func everyParameterOfTheAutoencoderHasAGradient() async throws {
        try await withEngine {
            let configuration = try Self.configuration(AutoencoderConfiguration.self, "vae")
            let parameters = try Parameters(SmallTraining.LivelySource()) { _ = try Autoencoder($0, configuration) }
            let unreached = try Self.unreached(parameters) { weights in
                let model = try Autoencoder(weights, configuration)
                let posterior = try model.encode(SmallTraining.noise([1, 3, 32, 32], 1))
                let latent = try posterior.sample(SmallTraining.noise(posterior.mean.shape, 2))
                let error = try model.decodeUnscaled(latent) - SmallTraining.noise([1, 3, 32, 32], 3)
                return try (error * error).sum()
            }
            // A key's bias adds the same to every score of a query, which softmax does not see.
            #expect(unreached.allSatisfy { $0.hasSuffix("to_k.bias") }, "\(unreached)")
        }
    }

    @Test func everyParameterOfTheLanguageModelAndItsVisionTowerHasAGradient() async throws {
        try await withEngine {
            let configuration = try Self.configuration(LanguageModelConfiguration.self, "mllm")
            let parameters = try Parameters(SmallTraining.LivelySource()) { weights in
                _ = try LanguageModel(weights, configuration)
                _ = try VisionTower(weights["visual"], configuration.vision)
            }
            let merge = configuration.vision.mergeSize
            let ids = [3, 4] + Array(repeating: configuration.imageTokenID, count: 4) + [5, 6]
            let unreached = try Self.unreached(parameters) { weights in
                let model = try LanguageModel(weights, configuration)
                let tower = try VisionTower(weights["visual"], configuration.vision)
                let patches = try SmallTraining.noise([4 * merge * merge, configuration.vision.patchValues], 1)
                let images = try tower(patches, [PatchGrid(rows: 2 * merge, columns: 2 * merge)])
                let tokens = try PackedTokens([model.embed(ids, images: images)])
                let logits = try model.logits(model(tokens, MultimodalPosition.text(0..<ids.count)).tokens)
                return try (logits * SmallTraining.noise(logits.shape, 2)).sum()
            }
            #expect(unreached.allSatisfy { $0.hasSuffix("k_proj.bias") }, "\(unreached)")
        }
    }
}
