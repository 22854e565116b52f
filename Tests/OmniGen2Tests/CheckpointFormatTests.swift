import Diffusion
import Foundation
import Layers
import QwenVL
import Testing
import Torch

@testable import OmniGen2

/// Every tensor of the published checkpoint, in the names of each foreign format.
@Suite struct CheckpointFormatTests {
    private struct Part: Decodable {
        let config: JSONValue
        let tensors: [String: [Int]]
    }

    private static func official(_ part: ModelFolder.Part) throws -> Part {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/official-shapes.json")
        let parts = try JSONDecoder().decode([String: Part].self, from: Data(contentsOf: file))
        return try #require(parts[part.rawValue])
    }

    private static let spellings: [(ModelFolder.Part, @Sendable (String) -> String)] = [
        (.transformer, { $0 }), (.transformer, ForeignNames.comfyTransformer),
        (.transformer, { "diffusion_model." + $0 }), (.vae, { $0 }), (.vae, ForeignNames.originalAutoencoder),
        (.vae, { "first_stage_model." + ForeignNames.originalAutoencoder($0) }), (.mllm, { $0 }),
        (.mllm, ForeignNames.newerLanguageModel),
    ]

    @Test(arguments: spellings.indices)
    func everyNameGoesThereAndBack(index: Int) throws {
        let (part, spell) = Self.spellings[index]
        let names = Array(try Self.official(part).tensors.keys) + (part == .mllm ? ["lm_head.weight"] : [])
        let stored = names.map(spell)
        #expect(Set(stored).count == names.count)
        let (format, table) = try CheckpointFormat.recognize(stored, as: part, origin: "file")
        #expect(format.part == part)
        for (name, stored) in zip(names, stored) {
            #expect(table.stored(name) == stored)
            #expect(table.published(stored)?.name == name)
        }
    }

    @Test func theModelsReadForeignNamesAndShapes() async throws {
        let transformer = try Self.official(.transformer)
        let autoencoder = try Self.official(.vae)
        let mllm = try Self.official(.mllm)
        try await withEngine {
            func weights(
                _ part: ModelFolder.Part, _ tensors: [String: [Int]], _ spell: (String) -> String
            ) throws -> Weights {
                let pairs = tensors.map { (spell($0), ForeignNames.originalAutoencoderShape($0, $1)) }
                let source = ShapeSource(Dictionary(uniqueKeysWithValues: pairs), origin: "file")
                let table = try CheckpointFormat.recognize(pairs.map(\.0), as: part, origin: "file").table
                return Weights(try RenamedSource(source, table))
            }
            let dit = try weights(.transformer, transformer.tensors, ForeignNames.comfyTransformer)
            _ = try Transformer(dit, transformer.config.decoded(TransformerConfiguration.self))
            try dit.requireAllConsumed()
            let vae = try weights(.vae, autoencoder.tensors, ForeignNames.originalAutoencoder)
            _ = try Autoencoder(vae, autoencoder.config.decoded(AutoencoderConfiguration.self))
            try vae.requireAllConsumed()
            let qwen = try weights(.mllm, mllm.tensors, ForeignNames.newerLanguageModel)
            let configuration = try mllm.config.decoded(LanguageModelConfiguration.self)
            _ = try LanguageModel(qwen, configuration)
            _ = try VisionTower(qwen["visual"], configuration.vision)
            try qwen.requireAllConsumed()
        }
    }

    /// What the code calls published is so, and the shapes alone say as much.
    @Test(arguments: ModelFolder.Part.allCases)
    func configurationsAreThePublishedOnes(part: ModelFolder.Part) throws {
        let official = try Self.official(part)
        let derived = try DerivedConfiguration(ShapeSource(official.tensors, origin: "file")).document(part)
        let inCode =
            switch part {
            case .transformer: PublishedConfiguration.transformer
            case .vae: PublishedConfiguration.autoencoder
            case .mllm: PublishedConfiguration.languageModel
            }
        #expect(derived == inCode)
        // As a file holds it: there 1000.0 is 1000.
        let published = try inCode.decoded(JSONValue.self)
        func expectMembers(_ expected: JSONValue, _ document: JSONValue, _ path: String) {
            guard case .object(let members) = expected else { return }
            for (name, value) in members {
                if case .object = value {
                    expectMembers(value, document[name] ?? .null, "\(path).\(name)")
                } else {
                    #expect(document[name] ?? .null == value, "\(path).\(name)")
                }
            }
        }
        expectMembers(official.config, published, part.rawValue)
    }

    @Test func aFileInTheWrongPlaceAndAnUnknownOneAreNamed() throws {
        let vae = try Self.official(.vae).tensors.keys.map(ForeignNames.originalAutoencoder)
        let wrong = #expect(throws: GenerationError.self) {
            try CheckpointFormat.recognize(vae, as: .transformer, origin: "ae.safetensors")
        }
        #expect(wrong?.description.contains("is the vae of a model") == true, "\(wrong as Any)")
        let unknown = #expect(throws: GenerationError.self) {
            try CheckpointFormat.recognize(["double_blocks.0.x"], as: .transformer, origin: "flux.safetensors")
        }
        #expect(unknown?.description.contains("time_caption_embed") == true)
        #expect(unknown?.description.contains("tensors such as double_blocks.0.x") == true)
    }

    @Test func missingAndForeignTensorsAreNamedAsTheFileDoes() async throws {
        let part = try Self.official(.vae)
        try await withEngine {
            var shapes = Dictionary(
                uniqueKeysWithValues: part.tensors.map {
                    (ForeignNames.originalAutoencoder($0), ForeignNames.originalAutoencoderShape($0, $1))
                })
            func load() throws {
                let table = try CheckpointFormat.recognize(Array(shapes.keys), as: .vae, origin: "ae").table
                let weights = Weights(try RenamedSource(ShapeSource(shapes, origin: "ae"), table))
                _ = try Autoencoder(weights, part.config.decoded(AutoencoderConfiguration.self))
                try weights.requireAllConsumed()
            }
            shapes["decoder.up.0.block.2.conv1.weight"] = nil
            let missing = #expect(throws: WeightError.self) { try load() }
            #expect(missing?.description.contains("tensor decoder.up.0.block.2.conv1.weight of shape") == true)
            shapes["decoder.up.0.block.2.conv1.weight"] = [128, 128, 1, 1]
            let wrong = #expect(throws: WeightError.self) { try load() }
            #expect(wrong?.description.contains("decoder.up.0.block.2.conv1.weight has shape [128, 128, 1, 1]") == true)
            shapes["decoder.up.0.block.2.conv1.weight"] = [128, 128, 3, 3]
            try load()
            shapes["quant_conv.weight"] = [32, 32, 1, 1]
            let unused = #expect(throws: WeightError.self) { try load() }
            #expect(unused?.description.contains("quant_conv.weight") == true)
        }
    }
}
