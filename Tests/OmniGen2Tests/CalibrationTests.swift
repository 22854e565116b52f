import Foundation
import Layers
import Testing
import Torch

@testable import OmniGen2

/// Weights of 4 bits that were rounded for what a model computes with.
@Suite struct CalibrationTests {
    @Engine
    private static func pack(
        to path: String, _ calibration: Calibration?, calibrated: @escaping (Calibration.Event) -> Void = { _ in }
    ) throws {
        var conversion = CheckpointConversion(try ModelFolder(path: PipelineTests.checkpoint), output: path)
        (conversion.storage, conversion.calibration) = (.int4, calibration)
        try conversion.run(calibrated: calibrated)
    }

    private static func tensors(_ folder: String, _ part: String) throws -> [String: Data] {
        let file = try SafetensorsFile(path: "\(folder)/\(part)/packed.safetensors")
        return try file.entries.mapValues { Data(try file.bytes(of: $0)) }
    }

    @Test func everyWeightLosesNoMoreAndTheFilesAreThoseOfOthers() async throws {
        try await withTemporaryFolder { folder in
            let losses = try await withEngine {
                try Self.pack(to: "\(folder)/plain", nil)
                var losses: [RoundingLoss] = []
                try Self.pack(to: "\(folder)/calibrated", Calibration(prompts: ["A dog", "Three red lamps"])) { event in
                    if case .rounded(_, let loss) = event { losses.append(loss) }
                }
                return losses
            }
            for part in ["transformer", "mllm"] {
                let plain = try Self.tensors("\(folder)/plain", part)
                let calibrated = try Self.tensors("\(folder)/calibrated", part)
                #expect(plain.mapValues(\.count) == calibrated.mapValues(\.count))
                let rounded = plain.keys.filter { $0.hasSuffix(".int4") }
                // Every one of them was reached, and nothing else is another.
                #expect(Set(rounded).isSubset(of: losses.map(\.name)) && !rounded.isEmpty)
                #expect(plain.keys.allSatisfy { $0.hasSuffix(".int4") || plain[$0] == calibrated[$0] })
                #expect(rounded.contains { plain[$0] != calibrated[$0] })
            }
            for loss in losses { #expect(loss.compensated <= loss.plain * 1.0001, "\(loss)") }
            let (plain, compensated) = (losses.map(\.plain).reduce(0, +), losses.map(\.compensated).reduce(0, +))
            #expect(compensated < 0.95 * plain)

            var configuration = OmniGen2.Configuration()
            configuration.device = "cpu"
            let model = try await OmniGen2(model: "\(folder)/calibrated", configuration: configuration)
            var request = GenerationRequest(prompt: "A dog")
            (request.height, request.width, request.steps) = (48, 64, 2)
            let pictures = try await model.generate(request)
            #expect(pictures.count == 1)
        }
    }

    @Test(arguments: [false, true]) func aCancelledRunLeavesNothing(whileRounding: Bool) async throws {
        try await withTemporaryFolder { folder in
            let work = Task {
                try await withEngine {
                    try Self.pack(to: "\(folder)/model", Calibration(prompts: ["A dog", "A cat"])) { event in
                        let isRounding = if case .rounded = event { true } else { false }
                        if isRounding == whileRounding { withUnsafeCurrentTask { $0?.cancel() } }
                    }
                }
            }
            await #expect(throws: CancellationError.self) { try await work.value }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.isEmpty)
        }
    }

    @Test func promptsOfAFileAreItsLines() async throws {
        try await withTemporaryFolder { folder in
            let file = "\(folder)/prompts.txt"
            try Data("A dog\n\n  \r\nA cat\r\n".utf8).write(to: URL(fileURLWithPath: file))
            #expect(try Calibration(file: file).prompts == ["A dog", "A cat"])
            try Data("\n".utf8).write(to: URL(fileURLWithPath: file))
            #expect { try Calibration(file: file) } throws: { "\($0)".contains("prompts.txt") }
            try Data([0xFF, 0xFE]).write(to: URL(fileURLWithPath: file))
            #expect(throws: GenerationError.self) { try Calibration(file: file) }
            #expect(throws: GenerationError.self) { try Calibration(file: "\(folder)/none.txt") }
        }
    }
}
