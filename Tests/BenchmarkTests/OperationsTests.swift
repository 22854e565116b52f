import Diffusion
import Foundation
import OmniGen2
import QwenVL
import Testing

@testable import Benchmarks

/// Counts against sums over the weights of the published checkpoint, by their names and shapes.
@Suite struct OperationsTests {
    private struct Part: Decodable {
        let tensors: [String: [Int]]

        /// Numbers in the matrices and kernels whose names begin so, and do not hold any of `leavingOut`.
        func weights(_ prefix: String, leavingOut: [String] = []) -> Double {
            tensors.filter { name, shape in
                name.hasPrefix(prefix) && name.hasSuffix("weight") && shape.count > 1
                    && !leavingOut.contains { name.contains($0) }
            }.map { Double($0.value.reduce(1, *)) }.reduce(0, +)
        }
    }

    private static func part(_ name: String) throws -> Part {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/official-shapes.json")
        return try #require(try JSONDecoder().decode([String: Part].self, from: Data(contentsOf: file))[name])
    }

    private static func transformer() throws -> TransformerOperations {
        TransformerOperations(try PublishedConfiguration.transformer.decoded(TransformerConfiguration.self))
    }

    @Test func aStepMeetsEachWeightWithItsTokens() throws {
        let part = try Self.part("transformer")
        func weights(_ prefix: String) -> Double { part.weights(prefix, leavingOut: ["norm1.linear"]) }
        let (image, references, text) = (1024.0, [1024.0, 256.0], [64.0, 20.0, 20.0])
        let seen = references.reduce(0, +)
        let lengths = [text[0] + seen + image, text[1] + seen + image, text[2] + image]
        var expected = 2 * image * (weights("x_embedder") + weights("noise_refiner"))
        expected += 2 * seen * weights("ref_image_refiner")
        expected += 2 * lengths.reduce(0, +) * weights("layers.")
        expected += 3 * 2 * image * weights("norm_out.linear_2")
        func squares(_ lengths: [Double]) -> Double { lengths.map { $0 * $0 }.reduce(0, +) }
        let attention = 2 * squares([image] + references) + 32 * squares(lengths)
        expected += 4 * 2520 * attention
        let counted = try Self.transformer().step(
            image: 1024, references: [1024, 256], branches: [(64, true), (20, true), (20, false)])
        #expect(counted == expected)
    }

    /// 256x256, 64 tokens of text, two branches: 256 image tokens.
    @Test func aStepByHand() throws {
        let block: Double = 2520 * 37440  // 2 D + 2 K + 3 F
        let joint: Double = 2 * 320 * block + 4 * 2520 * 320 * 320
        let image: Double = 2 * 256 * block + 4 * 2520 * 256 * 256
        let ends: Double = 3 * 2 * 256 * 64 * 2520
        let expected = 32 * 2 * joint + 2 * image + ends
        let counted = try Self.transformer().step(image: 256, references: [], branches: [(64, false), (64, false)])
        #expect(counted == expected)
        #expect(abs(counted / 4.028e12 - 1) < 1e-3)
    }

    @Test func referencesThatNoBranchSeesCostNothing() throws {
        let operations = try Self.transformer()
        let without = operations.step(image: 64, references: [], branches: [(8, false)])
        #expect(operations.step(image: 64, references: [64], branches: [(8, false)]) == without)
    }

    /// With kernels of our own a pixel meets 4 of the 9 weights of each channel and output, and one that is made of copies 9/4.
    @Test(arguments: [false, true]) func theAutoencoderMeetsEachKernelWithItsPixels(hasKernels: Bool) throws {
        let part = try Self.part("vae")
        let operations = AutoencoderOperations(
            try PublishedConfiguration.autoencoder.decoded(AutoencoderConfiguration.self), hasKernels: hasKernels)
        let pixels = 64.0 * 64
        func attention(_ area: Double) -> Double { 4 * area * area * 512 }
        func convolutions(_ prefix: String) -> Double {
            let products = hasKernels ? 4.0 / 9 : 1
            let others = part.weights(prefix, leavingOut: ["conv1", "conv2", "conv_in", "conv_out"])
            return products * (part.weights(prefix) - others) + others
        }

        var decoding = 2 * (pixels / 64) * (convolutions("decoder.conv_in") + convolutions("decoder.mid_block"))
        decoding += attention(pixels / 64) + 2 * pixels * convolutions("decoder.conv_out")
        for (level, area) in [pixels / 64, pixels / 16, pixels / 4, pixels].enumerated() {
            decoding += 2 * area * convolutions("decoder.up_blocks.\(level).resnets")
            // For pixels that are four times as many; the biases are few.
            let upsamplers = part.weights("decoder.up_blocks.\(level).upsamplers")
            decoding += 2 * area * 4 * upsamplers * (hasKernels ? 9 / 4 : 4) / 9
        }
        #expect(abs(operations.decoding(pixels: 64 * 64) / decoding - 1) < 1e-12)

        var encoding = 2 * pixels * part.weights("encoder.conv_in") + attention(pixels / 64)
        encoding += 2 * (pixels / 64) * (convolutions("encoder.mid_block") + convolutions("encoder.conv_out"))
        for (level, area) in [pixels, pixels / 4, pixels / 16, pixels / 64].enumerated() {
            encoding += 2 * area * convolutions("encoder.down_blocks.\(level).resnets")
            encoding += 2 * area / 4 * part.weights("encoder.down_blocks.\(level).downsamplers")
        }
        #expect(abs(operations.encoding(pixels: 64 * 64) / encoding - 1) < 1e-12)
    }

    @Test func theLanguageModelMeetsEachWeightWithItsTokens() throws {
        let part = try Self.part("mllm")
        let operations = LanguageModelOperations(
            try PublishedConfiguration.languageModel.decoded(LanguageModelConfiguration.self))
        let (layers, head) = (part.weights("model.layers."), 151936.0 * 2048)
        // Of 5 tokens each sees itself and those before: 15 pairs; of 3, 6.
        let attention = 36 * 4.0 * 2048 * (15 + 6)
        #expect(operations.reading([5, 3], scored: 1) == 2 * 8 * layers + 2 * head + attention)
        let cache = 10 * 36 * 2 * 2.0 * 128 * 2
        var numbers = ModelNumbers()
        // 12 bits, and 4 bytes for each exception in 256 that there is room for.
        #expect(operations.bytesOfToken(cached: 10, numbers) == (1.5 + 4.0 / 256) * (layers + head) + cache)
        numbers.quantization = .int8
        #expect(operations.bytesOfToken(cached: 10, numbers) == layers + head + cache)
    }

    @Test func theVisionTowerMeetsEachWeightWithItsPatches() throws {
        let part = try Self.part("mllm")
        let configuration = try PublishedConfiguration.languageModel.decoded(LanguageModelConfiguration.self).vision
        let counted = VisionOperations(configuration).picture(patches: 256, windows: [64, 64, 64, 64])
        var expected = 2 * 256 * (part.weights("visual.blocks") + part.weights("visual.patch_embed"))
        expected += 2 * 64 * part.weights("visual.merger")
        expected += 4 * 1280 * (4 * 256.0 * 256 + 28 * 4 * 64 * 64)
        #expect(counted == expected)
    }
}
