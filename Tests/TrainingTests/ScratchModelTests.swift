import Diffusion
import Foundation
import Layers
import OmniGen2
import QwenVL
import Testing
import Torch

@testable import Training

@Suite struct ScratchModelTests {
    /// Small in every part; `changes` are lines of a part put in its place.
    private static let description = """
        seed: 3
        picture_size: 32
        tokenizer:
          vocab_size: 380
        vae:
          block_out_channels: [8, 16, 16]
          layers_per_block: 1
          latent_channels: 4
          norm_num_groups: 4
        transformer:
          hidden_size: 48
          num_layers: 2
          num_refiner_layers: 1
          num_attention_heads: 2
          num_kv_heads: 1
          multiple_of: 16
          axes_dim_rope: [8, 8, 8]
          axes_lens: [1024, 32, 32]
        mllm:
          hidden_size: 48
          intermediate_size: 64
          num_hidden_layers: 2
          num_attention_heads: 3
          num_key_value_heads: 1
          vision_config:
            depth: 2
            hidden_size: 32
            intermediate_size: 48
            num_heads: 2
            patch_size: 4
            window_size: 16
            fullatt_block_indexes: [1]
        """

    private static let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Examples/Shapes/model.yml").path

    private static func read(_ text: String) throws -> ScratchDescription {
        try withTemporaryFolder { folder in
            let file = folder + "/model.yml"
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            return try ScratchDescription(file: file)
        }
    }

    private static func model(_ text: String = description) throws -> ScratchModel {
        try ScratchModel(read(text), lines: TokenizerTrainerTests.lines)
    }

    @Test func textsLieBesideTheDescription() throws {
        let text = "tokenizer:\n  text: [lines.txt, /data/more.txt]\n"
        let description = try Self.read(text)
        #expect(description.textFiles.map { $0.hasSuffix("/lines.txt") } == [true, false])
        #expect(description.textFiles[0].hasPrefix("/") && description.textFiles[1] == "/data/more.txt")
        // What is not said is as published.
        #expect(description.vocabularySize == 151936 && description.pictureSize == 1024 && description.seed == 0)
    }

    @Test func everyPartLoadsAndHasTheParametersItSays() async throws {
        try await withEngine {
            try withTemporaryFolder { folder in
                let path = folder + "/model"
                let parts = try Self.model().write(to: path)
                #expect(parts.map(\.part) == ModelFolder.Part.allCases)
                let model = try ModelFolder(path: path)
                try model.verify()
                for part in parts {
                    let tensors = try model.tensors(part.part)
                    let counts = tensors.names.compactMap { tensors[$0]?.entry.shape.reduce(1, *) }
                    #expect(counts.reduce(0, +) == part.parameters && part.parameters > 10_000)
                }
                let language = try model.languageModelConfiguration()
                #expect(language.vocabularySize == 380 && language.ropeSections == [2, 3, 3])
                #expect(try model.tokenizer().id(of: "<|image_pad|>") == language.imageTokenID)
                #expect(try model.generationConfiguration().stopTokens.count == 2)
                #expect(try model.pixelRange() == 4 * 64...16384 * 64)
            }
        }
    }

    @Test func weightsStartAsTheOriginalsDo() async throws {
        try await withEngine {
            try withTemporaryFolder { folder in
                let path = folder + "/model"
                _ = try Self.model().write(to: path)
                let model = try ModelFolder(path: path)
                func values(_ part: ModelFolder.Part, _ name: String, _ shape: [Int]) throws -> [Float] {
                    let tensor = try model.checkpoint(part).source().tensor(name, shape, initial: .zeros)
                    return try #require(try tensor?.floats())
                }
                func expect(_ values: [Float], within bound: Float) {
                    let largest = values.map(abs).max() ?? 0
                    #expect(largest <= bound && largest > 0.9 * bound, "\(largest) of \(bound)")
                }
                expect(
                    try values(.vae, "encoder.conv_in.weight", [8, 3, 3, 3]), within: 1 / Float(27).squareRoot())
                expect(
                    try values(.vae, "decoder.mid_block.resnets.0.conv1.bias", [16]),
                    within: 1 / Float(144).squareRoot())
                expect(
                    try values(.transformer, "layers.0.attn.to_q.weight", [48, 48]), within: Float(0.25))
                for name in ["layers.0.norm1.linear", "norm_out.linear_2"] {
                    let outputs = name.hasPrefix("layers") ? 192 : 16
                    #expect(try values(.transformer, name + ".weight", [outputs, 48]).allSatisfy { $0 == 0 })
                }
                let embedding = try values(.mllm, "model.embed_tokens.weight", [380, 48])
                let deviation = (embedding.map { $0 * $0 }.reduce(0, +) / Float(embedding.count)).squareRoot()
                #expect(abs(deviation - 0.02) < 0.0005)
                #expect(try values(.mllm, "visual.merger.ln_q.weight", [32]).allSatisfy { $0 == 1 })
            }
        }
    }

    @Test func theSameDescriptionGivesTheSameBytesAndAnotherSeedOthers() async throws {
        try await withEngine {
            try withTemporaryFolder { folder in
                for (name, text) in [
                    ("a", Self.description), ("b", Self.description),
                    ("c", Self.description.replacingOccurrences(of: "seed: 3", with: "seed: 4")),
                ] { _ = try Self.model(text).write(to: "\(folder)/\(name)") }
                let files = try FileManager.default.subpathsOfDirectory(atPath: folder + "/a").filter {
                    $0.contains(".")
                }
                #expect(files.count == 17)
                func same(_ file: String, _ other: String) -> Bool {
                    FileManager.default.contentsEqual(
                        atPath: "\(folder)/a/\(file)", andPath: "\(folder)/\(other)/\(file)")
                }
                for file in files {
                    #expect(same(file, "b"), "\(file)")
                    #expect(same(file, "c") != file.hasSuffix("safetensors"), "\(file)")
                }
            }
        }
    }

    @Test(arguments: [
        ("hidden_size: 48\n  num_layers", "hidden_size: 50\n  num_layers", "transformer configuration"),
        ("axes_dim_rope: [8, 8, 8]", "axes_dim_rope: [8, 8]", "transformer configuration"),
        ("num_hidden_layers: 2", "num_hidden_layers: 9999999", "language model configuration"),
        ("block_out_channels: [8, 16, 16]", "block_out_channels: [8, 18, 16]", "autoencoder configuration"),
        ("hidden_size: 48\n  intermediate_size: 64", "hidden_size: 48\n  intermediate_size: 1048577", "language"),
        ("patch_size: 4", "patch_size: many", "mllm.vision_config.patch_size must be a whole number, got 'many'"),
        ("patch_size: 4", "patchsize: 4", "mllm.vision_config.patchsize cannot be set"),
        ("latent_channels: 4", "in_channels: 4", "vae.in_channels cannot be set"),
        ("vocab_size: 380", "vocab_size: 100", "tokenizer.vocab_size must be at least 268, got 100"),
        ("vocab_size: 380", "vocab_size: 270", "a vocabulary of 270 tokens is too small"),
        ("picture_size: 32", "picture_size: 36", "picture_size 36 must be a multiple of 8"),
        ("window_size: 16", "window_size: 4096\n    spatial_merge_size: 512", "larger than 2^31 numbers"),
        ("seed: 3", "- 3", "no YAML"),
    ])
    func whatCannotBeBuiltIsRefusedInOneLine(old: String, new: String, reason: String) async throws {
        #expect(Self.description.contains(old))
        let text = Self.description.replacingOccurrences(of: old, with: new)
        try await withEngine {
            try withTemporaryFolder { folder in
                let error = #expect(throws: SettingsError.self) {
                    _ = try Self.model(text).write(to: folder + "/model")
                }
                let said = try #require(error).description
                #expect(said.contains(reason) && !said.contains("\n") && said.contains("model.yml"), "\(said)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            }
        }
    }

    @Test func theExampleHasTheSizesItPromises() async throws {
        let model = try ScratchModel(ScratchDescription(file: Self.example), lines: TokenizerTrainerTests.lines)
        try await withEngine {
            try withTemporaryFolder { folder in
                let parts = try model.write(to: folder + "/model")
                let counts = Dictionary(parts.map { ($0.part, $0.parameters) }) { $1 }
                // In bf16 less than 24 MB.
                #expect(counts[.transformer] == 4_956_352 && counts[.vae] == 688_739 && counts[.mllm] == 2_767_776)
                let prompt = try ModelFolder(path: folder + "/model").tokenizer().encode(ChatTemplate.imagePrompt(""))
                #expect(prompt.count == 11)
            }
        }
    }
}
