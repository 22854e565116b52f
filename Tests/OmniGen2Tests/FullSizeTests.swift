import Diffusion
import Foundation
import Layers
import QwenVL
import Testing
import Torch

/// Every tensor of the published checkpoint's architecture is asked for once, in its shape, and none is left over;
/// no data is needed for that.
@Suite struct FullSizeTests {
    private struct Shapes: Decodable {
        struct Part<Configuration: Decodable>: Decodable {
            let config: Configuration
            let tensors: [String: [Int]]
        }
        let transformer: Part<TransformerConfiguration>
        let vae: Part<AutoencoderConfiguration>
        let mllm: Part<LanguageModelConfiguration>
    }

    private static func shapes() throws -> Shapes {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/official-shapes.json")
        return try JSONDecoder().decode(Shapes.self, from: Data(contentsOf: file))
    }

    private static func expectOnce(_ weights: Weights, _ tensors: [String: [Int]], count: Int) throws {
        try weights.requireAllConsumed()
        #expect(tensors.count == count)
        #expect(weights.consumed.count == count)
        #expect(weights.consumed.values.allSatisfy { $0 == 1 })
    }

    @Test func transformer() async throws {
        let shapes = try Self.shapes()
        try await withEngine {
            let part = shapes.transformer
            let weights = Weights(ShapeSource(part.tensors, origin: "official-shapes.json"))
            _ = try Transformer(weights, part.config)
            try Self.expectOnce(weights, part.tensors, count: 582)
        }
    }

    @Test func autoencoder() async throws {
        let shapes = try Self.shapes()
        try await withEngine {
            let part = shapes.vae
            let weights = Weights(ShapeSource(part.tensors, origin: "official-shapes.json"))
            _ = try Autoencoder(weights, part.config)
            try Self.expectOnce(weights, part.tensors, count: 244)
        }
    }

    @Test func languageModelAndVisionTower() async throws {
        let shapes = try Self.shapes()
        try await withEngine {
            let part = shapes.mllm
            let weights = Weights(ShapeSource(part.tensors, origin: "official-shapes.json"))
            _ = try LanguageModel(weights, part.config)
            _ = try VisionTower(weights["visual"], part.config.vision)
            try Self.expectOnce(weights, part.tensors, count: 824)
        }
    }

    @Test func aMissingTensorAndAWrongShapeAreNamed() async throws {
        let shapes = try Self.shapes()
        try await withEngine {
            let part = shapes.transformer
            let key = "layers.31.attn.to_q.weight"
            var tensors = part.tensors
            tensors[key] = nil
            let missing = #expect(throws: WeightError.self) {
                try Transformer(Weights(ShapeSource(tensors, origin: "x")), part.config)
            }
            #expect(missing?.description.contains("\(key) of shape [2520, 2520] is missing") == true)
            tensors[key] = [2520, 2521]
            let wrong = #expect(throws: WeightError.self) {
                try Transformer(Weights(ShapeSource(tensors, origin: "x")), part.config)
            }
            #expect(
                wrong?.description.contains("has shape [2520, 2521], the configuration asks for [2520, 2520]") == true)
            tensors[key] = [2520, 2520]
            tensors["layers.32.extra"] = [1]
            let weights = Weights(ShapeSource(tensors, origin: "x"))
            _ = try Transformer(weights, part.config)
            let unused = #expect(throws: WeightError.self) { try weights.requireAllConsumed() }
            #expect(unused?.description.contains("layers.32.extra") == true)
        }
    }
}
