import Diffusion
import Foundation
import Imaging
import Layers
import QwenVL
import Testing
import Torch

@testable import OmniGen2

/// Models from single files, and folders written from them.
@Suite struct ModelFilesTests {
    private static func picture(_ folder: ModelFolder) async throws -> [Image] {
        var configuration = OmniGen2.Configuration()
        configuration.precision = .float32
        configuration.device = "cpu"
        var request = GenerationRequest(prompt: "A dog running in the park")
        (request.height, request.width, request.steps) = (32, 48, 1)
        return try await OmniGen2(folder: folder, configuration: configuration).generate(request)
    }

    @Test func filesDrawWhatTheFolderDrawsAndConvertToItsTensors() async throws {
        try await withTemporaryFolder { folder in
            let (published, converted) = (folder + "/published", folder + "/converted")
            let files = try await withEngine {
                let model = try SmallModel()
                try model.write(to: published)
                return try model.writeForeign(to: folder)
            }
            let expected = try await Self.picture(ModelFolder(path: published))
            #expect(Set(expected[0].pixels).count > 16)
            #expect(try await Self.picture(ModelFolder(files: files)) == expected)
            #expect(try await Self.picture(ModelFolder(path: published, files: files)) == expected)

            try await withEngine {
                var conversion = CheckpointConversion(try ModelFolder(files: files), output: converted)
                conversion.maximumShardBytes = 300_000
                try conversion.run()
                let result = try ModelFolder(path: converted)
                try result.verify()
                for part in ModelFolder.Part.allCases {
                    let original = try ModelFolder(path: published)
                    #expect(
                        try result.configurationDocument(part)["hidden_size"]
                            == original.configurationDocument(part)["hidden_size"])
                    try Self.expectEqual(result.tensors(part), original.tensors(part))
                }
                #expect(try result.tensors(.transformer).files.count > 1)
            }
            #expect(try await Self.picture(ModelFolder(path: converted)) == expected)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("partial") }
            #expect(left.isEmpty)
        }
    }

    private static func expectEqual(_ first: SafetensorsFolder, _ second: SafetensorsFolder) throws {
        #expect(first.names == second.names)
        for name in first.names {
            let (a, b) = try (#require(first[name]), #require(second[name]))
            #expect(a.entry.shape == b.entry.shape && a.entry.elementType == b.entry.elementType, "\(name)")
            #expect(try a.file.bytes(of: a.entry).elementsEqual(b.file.bytes(of: b.entry)), "\(name)")
        }
    }

    @Test func aFolderOfANewerVersionLoadsAndConverts() async throws {
        try await withTemporaryFolder { folder in
            let (newer, converted) = (folder + "/newer", folder + "/converted")
            try await withEngine {
                let model = try SmallModel(tiesEmbeddings: false)
                try model.write(to: newer)
                let files = try model.writeForeign(to: folder)
                let weights = newer + "/mllm/model.safetensors"
                try FileManager.default.removeItem(atPath: weights)
                try FileManager.default.moveItem(atPath: try #require(files.mllm), toPath: weights)
                var document = try #require(model.configurations[.mllm])
                var text: JSONValue = ["rope_parameters": ["rope_theta": 1000000.0, "mrope_section": [16, 24, 24]]]
                for name in ["hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size", "rms_norm_eps"] {
                    text[name] = document[name]
                    document[name] = nil
                }
                (document["rope_theta"], document["rope_scaling"], document["text_config"]) = (nil, nil, text)
                try document.text().write(to: URL(fileURLWithPath: newer + "/mllm/config.json"))

                let loaded = try ModelFolder(path: newer)
                try loaded.verify()
                #expect(try loaded.languageModelConfiguration().tiesEmbeddings == false)
                var conversion = CheckpointConversion(loaded, output: converted)
                conversion.precision = .bfloat16
                try conversion.run()
                let result = try ModelFolder(path: converted)
                try result.verify()
                let tensors = try result.tensors(.mllm)
                #expect(tensors.names.contains("lm_head.weight") && tensors.names.contains("visual.merger.ln_q.weight"))
                #expect(tensors["lm_head.weight"]?.entry.elementType == .bfloat16)
                let configuration = try result.configurationDocument(.mllm)
                #expect(configuration["text_config"] == nil && configuration["hidden_size"] == 128)
                #expect(configuration["torch_dtype"] == "bfloat16")
                #expect(configuration["rope_scaling"]?["mrope_section"] == [16, 24, 24])
            }
        }
    }

    @Test func halfPrecisionAndFP8FilesAreConvertedWhenTheyAreRead() async throws {
        try await withTemporaryFolder { folder in
            try await withEngine {
                let model = try SmallModel()
                var files = try model.writeForeign(to: folder)
                for type in [ElementType.float16, .float8E4M3] {
                    let dtype = try #require(DType(type))
                    let tensors = try #require(model.tensors[.transformer]).map { tensor in
                        SafetensorsWriter.Tensor(
                            name: ForeignNames.comfyTransformer(tensor.name), elementType: type, shape: tensor.shape
                        ) { body in
                            try tensor.withBytes { bytes in
                                let values = Array(bytes.bindMemory(to: Float.self))
                                try Tensor(values, tensor.shape).to(dtype).withBytes(body)
                            }
                        }
                    }
                    let path = "\(folder)/\(type).safetensors"
                    try SafetensorsWriter.write(tensors, to: path)
                    files.transformer = path
                    let folder = try ModelFolder(files: files)
                    try folder.verify()
                    _ = try folder.transformer(.float32, .cpu)
                    #expect(try folder.transformerConfiguration().headCount == 3)
                }
            }
        }
    }

    @Test func filesThatDoNotBelongTogetherAreRefused() async throws {
        try await withTemporaryFolder { folder in
            let files = try await withEngine { try SmallModel().writeForeign(to: folder) }
            var swapped = files
            swapped.vae = files.transformer
            let wrong = await #expect(throws: GenerationError.self) {
                try await withEngine { [swapped] in try ModelFolder(files: swapped).verify() }
            }
            #expect(wrong?.description.contains("which is the transformer of a model") == true)
            let other = await #expect(throws: GenerationError.self) {
                try await withEngine {
                    var model = ModelFiles()
                    model.mllm = files.mllm
                    let published = folder + "/published"
                    try SmallModel().write(to: published)
                    var document = try ModelFolder(path: published).configurationDocument(.transformer)
                    document["text_feat_dim"] = 64
                    try document.text().write(to: URL(fileURLWithPath: published + "/transformer/config.json"))
                    try ModelFolder(path: published, files: model).verify()
                }
            }
            #expect(other?.description.contains("states have 128 numbers") == true)
            var tiny = files
            tiny.mllm = PipelineTests.checkpoint + "/mllm/model.safetensors"
            let heads = #expect(throws: GenerationError.self) {
                try ModelFolder(files: tiny).languageModelConfiguration()
            }
            #expect(heads?.description.contains("its shapes give no mllm of OmniGen2") == true)
            var partial = files
            partial.mllm = nil
            #expect(throws: GenerationError.self) { try ModelFolder(files: partial) }
        }
    }

    @Test func anOutputIsReplacedOnlyIfItIsAModelAndAskedFor() async throws {
        try await withTemporaryFolder { folder in
            let output = folder + "/out"
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
            try Data("precious".utf8).write(to: URL(fileURLWithPath: output + "/letter.txt"))
            var conversion = CheckpointConversion(try ModelFolder(path: PipelineTests.checkpoint), output: output)
            #expect(throws: GenerationError.self) { try conversion.requireFreeOutput() }
            conversion.replaces = true
            let refused = #expect(throws: GenerationError.self) { try conversion.requireFreeOutput() }
            #expect(refused?.description.contains("is no model folder") == true)
            try FileManager.default.removeItem(atPath: output)
            try await withEngine { [conversion] in
                try conversion.run()
                try conversion.run()
                try ModelFolder(path: output).verify()
            }
            var own = CheckpointConversion(try ModelFolder(path: output), output: output)
            own.replaces = true
            #expect(throws: GenerationError.self) { try own.requireFreeOutput() }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out"])
        }
    }

    @Test func aCancelledConversionLeavesNothingBehind() async throws {
        try await withTemporaryFolder { folder in
            let conversion = CheckpointConversion(
                try ModelFolder(path: PipelineTests.checkpoint), output: folder + "/out")
            let task = Task {
                try await withEngine {
                    try conversion.run { progress in
                        if progress.part == .vae { withUnsafeCurrentTask { $0?.cancel() } }
                    }
                }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
