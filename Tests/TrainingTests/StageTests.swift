import Diffusion
import Foundation
import Layers
import OmniGen2
import QwenVL
import Testing
import Torch

@testable import Training

/// Losses and gradients of the autoencoder's and the language model's training against PyTorch's
/// (`scripts/reference/stages`).
@Suite struct StageTests {
    private struct Record: Decodable {
        struct Gradient: Decodable {
            let norm: Double
            let values: [Float]
        }
        struct Stage: Decodable {
            let loss: Double
            let gradients: [String: Gradient]
            let grids: [[Int]]?
            let patches: [Float]?
            let samples: [Sample]?
        }
        struct Sample: Decodable {
            let images: [Int]
            let asked, answer: [Int]
        }
        let gradient_weight, kl_weight: Double
        let sizes: [[Int]]
        let pictures, noises: [[Float]]
        let l1, l2, mllm: Stage
    }

    private static let lossTolerance = 1e-5
    /// Of a gradient's length.
    private static let gradientTolerance = 1e-4

    private static func fixture(_ name: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/\(name)")
    }

    private static func record() throws -> Record {
        try JSONDecoder().decode(Record.self, from: Data(contentsOf: fixture("stages.json")))
    }

    private static func model() throws -> ModelFolder {
        try ModelFolder(path: fixture("goldens/omnigen2-tiny").path)
    }

    private static func expect(
        _ terms: LossTerms, _ parameters: Parameters, _ recorded: Record.Stage,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let loss = Double(try terms.sum.detached().floats()[0]) / Double(terms.count)
        #expect(abs(loss - recorded.loss) < lossTolerance * recorded.loss, sourceLocation: sourceLocation)
        try terms.sum.backward()
        let gradients = try parameters.gradients()
        #expect(gradients.count == recorded.gradients.count, sourceLocation: sourceLocation)
        for (parameter, gradient) in zip(parameters.list, gradients) {
            let expected = try #require(recorded.gradients[parameter.path], sourceLocation: sourceLocation)
            let values = try gradient.floats().map { Double($0) / Double(terms.count) }
            let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // What is zero in exact arithmetic, as the gradient of a key's bias, is noise in both.
            let allowed = gradientTolerance * max(expected.norm, 1e-4)
            #expect(abs(norm - expected.norm) < allowed, "\(parameter.path)", sourceLocation: sourceLocation)
            for (index, value) in expected.values.enumerated() {
                let got = values[index * values.count / expected.values.count]
                #expect(abs(got - Double(value)) < allowed, "\(parameter.path)", sourceLocation: sourceLocation)
            }
        }
    }

    @Test(arguments: AutoencoderLoss.Reconstruction.allCases)
    func autoencoderLearnsAsPyTorchDoes(_ reconstruction: AutoencoderLoss.Reconstruction) async throws {
        let record = try Self.record()
        try await withEngine {
            let model = try Self.model()
            var options = AutoencoderLoss.Options()
            options.reconstruction = reconstruction
            options.gradientWeight = record.gradient_weight
            options.divergenceWeight = record.kl_weight
            let configuration = try model.autoencoderConfiguration()
            let loss = AutoencoderLoss(configuration, options)
            let parameters = try Parameters(model.checkpoint(.vae).source()) { _ = try Autoencoder($0, configuration) }
            let sizes = record.sizes
            let pictures = try sizes.indices.map { try Tensor(record.pictures[$0], [3] + sizes[$0]) }
            let noises = try sizes.indices.map { index in
                let side = sizes[index].map { $0 / configuration.scaleFactor }
                return try Tensor(record.noises[index], [configuration.latentChannels] + side)
            }
            try withGradients {
                let terms = try loss.terms(parameters.weights(), pictures, noises: noises)
                try Self.expect(terms, parameters, reconstruction == .absolute ? record.l1 : record.l2)
            }
        }
    }

    @Test func languageModelLearnsAnswersAsPyTorchDoes() async throws {
        let record = try Self.record().mllm
        try await withEngine {
            let model = try Self.model()
            let configuration = try model.languageModelConfiguration()
            let loss = LanguageModelLoss(configuration)
            let parameters = try Parameters(model.checkpoint(.mllm).source()) {
                _ = try LanguageModel($0, configuration)
                _ = try VisionTower($0["visual"], configuration.vision)
            }
            let grids = (record.grids ?? []).map { PatchGrid(rows: $0[0], columns: $0[1]) }
            let width = configuration.vision.patchValues
            let values = record.patches ?? []
            let patches = try Tensor(values, [values.count / width, width])
            var start = 0
            let batch = try (record.samples ?? []).map { sample in
                let own = sample.images.map { grids[$0] }
                let count = own.reduce(0) { $0 + $1.count }
                defer { start += count }
                return LanguageModelLoss.Sample(
                    ids: sample.asked + sample.answer,
                    weights: sample.asked.map { _ in 0 } + sample.answer.map { _ in 1 },
                    patches: own.isEmpty ? nil : try patches.narrowed(0, start..<start + count), grids: own)
            }
            try withGradients {
                let terms = try loss(
                    parameters.weights(), batch, Generators(seed: 0), DirectExecution())
                try Self.expect(terms, parameters, record)
            }
        }
    }
}
