import Diffusion
import Foundation
import Imaging
import Layers
import OmniGen2
import Synchronization
import Testing
import Torch

@testable import Training

@Suite struct TrainingRunTests {
    /// Lines of the metrics, without the seconds, which no two runs share.
    private static func metrics(_ run: String) throws -> [[String: Double]] {
        struct Line: Decodable {
            let step, skipped: Int
            let loss, gradientNorm: Double
        }
        return try String(contentsOfFile: "\(run)/metrics.jsonl", encoding: .utf8).split(separator: "\n").map {
            let line = try JSONDecoder().decode(Line.self, from: Data($0.utf8))
            return [
                "step": Double(line.step), "skipped": Double(line.skipped), "loss": line.loss,
                "grad_norm": line.gradientNorm,
            ]
        }
    }

    private static func state(_ run: String, _ step: Int) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(run)/checkpoint-\(step)/training.safetensors"))
    }

    private static func samples(_ run: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(run)/samples").sorted()
    }

    @Test(arguments: StageName.allCases)
    func showingSamplesLeavesTheRunAsItIs(_ stage: StageName) async throws {
        try await withEngine {
            try withFiles([:]) { folder in
                let plain = try SmallRun(folder, stage: stage)("plain", to: 3)
                let shown = try SmallRun(folder, stage: stage, val: ", train_visualization_steps: 1")("shown", to: 3)
                for step in 1...3 { #expect(try Self.state(plain, step) == Self.state(shown, step)) }
                #expect(try Self.metrics(plain) == Self.metrics(shown))
                #expect(!FileManager.default.fileExists(atPath: "\(plain)/samples"))
                let names = (1...3).flatMap { step in
                    stage == .mllm ? ["step-00000\(step).jsonl"] : (0..<3).map { "step-00000\(step)-\($0).png" }
                }
                #expect(try Self.samples(shown) == names)
            }
        }
    }

    /// A step that has begun is finished and kept: what it drew of its samples cannot be drawn again.
    @Test(arguments: StageName.allCases)
    func aCancelledRunKeepsTheStepItWasIn(_ stage: StageName) async throws {
        try await withFiles([:]) { folder in
            let run = try SmallRun(folder, stage: stage)
            let plain = try await withEngine { try run("plain", to: 1) }
            await #expect(throws: CancellationError.self) {
                try await Task { @Engine in
                    withUnsafeCurrentTask { $0?.cancel() }
                    try run("cancelled", to: 3)
                }.value
            }
            #expect(try Self.state(plain, 1) == Self.state("\(folder)/cancelled", 1))
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/cancelled/checkpoint-2"))
        }
    }

    /// And the latents keep the scale that the transformer knows.
    @Test func whatIsNotTrainedStaysToTheBit() async throws {
        try await withEngine {
            try withFiles([:]) { folder in
                let run = try SmallRun(
                    folder, stage: .vae, train: ", mixed_precision: 'no', trained_weights: [decoder.]")
                let path = try run("run", to: 2) + "/checkpoint-2"
                let (before, after) = (try ModelFolder(path: SmallRun.model), try ModelFolder(path: path))
                func values(_ model: ModelFolder, _ name: String, _ shape: [Int]) throws -> [Float] {
                    try #require(try model.checkpoint(.vae).source().tensor(name, shape, initial: .zeros)).floats()
                }
                let tensors = try before.tensors(.vae)
                for name in tensors.names {
                    let shape = try #require(tensors[name]?.entry.shape)
                    let isSame = try values(before, name, shape) == values(after, name, shape)
                    #expect(isSame == !name.hasPrefix("decoder."), "\(name)")
                }
                let (old, new) = (try before.autoencoderConfiguration(), try after.autoencoderConfiguration())
                #expect(old.scalingFactor == new.scalingFactor && old.shiftFactor == new.shiftFactor)
            }
        }
    }

    /// The average of the weights, in the type that is computed in, is what both are drawn with.
    @Test(arguments: ["no", "bf16"], [false, true])
    func aSampleIsThePictureThatTheCheckpointDraws(precision: String, lora: Bool) async throws {
        try await withEngine {
            try withFiles([:]) { folder in
                let run = try SmallRun(
                    folder, stage: .transformer, train: ", mixed_precision: '\(precision)', lora_ft: \(lora)",
                    val: ", train_visualization_steps: 2, num_train_visualization_samples: 2")
                let path = try run("run", to: 2)
                let dtype = run.options.dtype
                let model = try ModelFolder(path: lora ? SmallRun.model : "\(path)/checkpoint-2")
                var adapters = AdapterSet()
                let source = try model.checkpoint(.transformer).source()
                if lora {
                    adapters.add(try AdapterFile(path: "\(path)/checkpoint-2").match(source).pairs, scale: 1)
                }
                // As in training: tensors, and not packed weights, whose products are rounded otherwise.
                let transformer = try Transformer(
                    Weights(source, dtype: dtype, adapters: adapters), model.transformerConfiguration())
                let pipeline = try model.pipeline(dtype, .cpu).with(transformer)
                var request = GenerationRequest(prompt: "c")
                request.references = try ["a", "b"].map { try Image(contentsOf: "\(folder)/\($0).png") }
                (request.width, request.height, request.steps) = (64, 48, 2)
                let drawn = try pipeline(request, noise: SeededNoise(seed: 1))
                let file = "\(path)/samples/step-000002-1.png"
                let saved = try Image(contentsOf: file)
                #expect(saved == drawn.first)
                let text = try PNGText.read(Array(Data(contentsOf: URL(fileURLWithPath: file))))
                #expect(text.contains { $0.key == "prompt" && $0.value == "c" })
                #expect(try Self.samples(path).count == 2)
            }
        }
    }

    @Test func aReconstructionStandsBesideItsPictureAndAnAnswerBesideWhatWasWanted() async throws {
        try await withEngine {
            try withFiles([:]) { folder in
                let val = ", train_visualization_steps: 1"
                let autoencoder = try SmallRun(folder, stage: .vae, val: val)("vae", to: 1)
                let both = try Image(contentsOf: "\(autoencoder)/samples/step-000001-0.png")
                let original = try Image(contentsOf: "\(folder)/a.png")
                #expect((both.width, both.height) == (96, 32))
                #expect(try both.cropped(width: 48, height: 32) == original)
                let language = try SmallRun(folder, stage: .mllm, val: val)("mllm", to: 1)
                let lines = try String(contentsOfFile: "\(language)/samples/step-000001.jsonl", encoding: .utf8)
                    .split(separator: "\n")
                #expect(lines.count == 3)
                #expect(lines[0].contains(#""expected":"<|img|>","instruction":"The image shows a""#))
                #expect(lines[2].contains(#""expected":"e","instruction":"d""#))
            }
        }
    }

    @Test func aRunThatGoesOnShowsEachStepOnceAndCountsOnWhatWasPassedOver() async throws {
        try await withEngine {
            try withFiles([:]) { folder in
                let run = try SmallRun(
                    folder, stage: .transformer,
                    val: ", train_visualization_steps: 2, num_train_visualization_samples: 1",
                    logger: ", log_with: [tensorboard]")
                let straight = try run("straight", to: 6)
                try run("stopped", to: 5)
                // As if it had been killed after step 5, before the checkpoints of 4 and 5.
                let stopped = "\(folder)/stopped"
                try Data("checkpoint-3".utf8).write(to: URL(fileURLWithPath: "\(stopped)/latest"))
                try run("stopped", to: 6)

                let metrics = try Self.metrics(straight)
                #expect(metrics.count == 6 && (metrics.last?["skipped"] ?? 0) > 1)
                #expect(try Self.metrics(stopped) == metrics)
                #expect(try Self.state(stopped, 6) == Self.state(straight, 6))
                for path in [straight, stopped] {
                    let shown = try EventReader.shown("\(path)/logs")
                    for tag in ["loss", "grad_norm", "skipped"] {
                        #expect(shown[tag]?.map(\.step) == Array(1...6), "\(tag)")
                        #expect(shown[tag]?.map(\.scalar) == metrics.map { $0[tag].map(Float.init) }, "\(tag)")
                    }
                    #expect(shown["lr"]?.count == 6 && shown["seconds_per_step"]?.count == 6)
                    #expect(shown["samples/0"]?.map(\.step) == [2, 4, 6])
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: "\(stopped)/logs").count == 2)
            }
        }
    }

    @Test func aRunThatWasKilledBeforeItsFirstCheckpointBeginsAgain() async throws {
        try await withEngine {
            try withFiles([:]) { folder in
                let run = try SmallRun(folder, stage: .mllm, logger: ", log_with: tensorboard")
                let path = try run("run", to: 2)
                try FileManager.default.removeItem(atPath: "\(path)/latest")
                try run("run", to: 3)
                #expect(try Self.metrics(path).map { $0["step"] } == [1, 2, 3])
                #expect(try EventReader.shown("\(path)/logs")["loss"]?.map(\.step) == [1, 2, 3])
            }
        }
    }

    @Test func samplesThatCannotBeShownDoNotEndTheRun() async throws {
        try await withEngine {
            try withFiles([:]) { folder in
                let run = try SmallRun(folder, stage: .transformer, val: ", train_visualization_steps: 1")
                // A file where the folder of pictures would be.
                try FileManager.default.createDirectory(atPath: "\(folder)/run", withIntermediateDirectories: true)
                try Data().write(to: URL(fileURLWithPath: "\(folder)/run/samples"))
                let warnings = Mutex<[String]>([])
                try run("run", to: 2) { event in
                    if case .warning(let text) = event { warnings.withLock { $0.append(text) } }
                }
                let texts = warnings.withLock { $0 }
                #expect(texts.count == 2 && texts[0].contains("step 1: samples cannot be shown: cannot create"))
                #expect(try Self.metrics("\(folder)/run").count == 2)
            }
        }
    }
}
