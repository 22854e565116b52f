import Foundation
import Testing
import Torch

@testable import parity

@Suite struct ParityTests {
    /// The set the repository carries.
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Fixtures/goldens").path

    @Test func everyStageGivesTheRecordedNumbers() async throws {
        try await Engine.load()
        let other = ProcessInfo.processInfo.environment["OMNIGEN2_GOLDENS"]
        let report = try await ParityCommand.compare(other ?? Self.fixtures, .cpu)
        #expect(report.succeeded, "\(report.failures)\n\(report.leftOut)\n\(report.broken)")
        if other == nil { #expect(report.rows.count > 900) }
    }

    @Test func aWrongNumberIsAFailureAndAMissingOneIsLeftOut() async throws {
        try await withEngine {
            let goldens = try Goldens(folder: Self.fixtures, device: .cpu)
            let name = try #require(goldens.names("vae.safetensors").first { $0.hasSuffix(".mean") })
            let mean = try goldens.recorded("vae.safetensors", name)
            try goldens.check("vae.safetensors", name, mean + 0.01)
            goldens.finish()
            #expect(goldens.report.failures.count == 1)
            #expect(goldens.report.leftOut.contains { $0.hasPrefix("vae.safetensors") })
            #expect(!goldens.report.succeeded)
        }
    }
}

@Suite struct ToleranceTests {
    @Test(arguments: [
        ("exact", DType.float32, 0.0, 0.0, 0.0),
        ("exact (1 ulp)", .float32, 0, 0, 1),
        ("fp32: atol 5e-4, rtol 5e-4 per step (see noise_max_abs: about 1e-5)", .float32, 5e-4, 5e-4, 0),
        ("f32: atol 1e-6 (AVX2 for n>=16); bf16/f16: exact or 1 ulp; f64: 1e-12", .float32, 1e-6, 0, 0),
        ("f32: atol 1e-6 (AVX2 for n>=16); bf16/f16: exact or 1 ulp; f64: 1e-12", .bfloat16, 0, 0, 1),
        ("f32: atol 1e-6 (AVX2 for n>=16); bf16/f16: exact or 1 ulp; f64: 1e-12", .float64, 1e-12, 0, 0),
        ("f32 1e-6; bf16 exact reachable: dt*v is rounded", .float32, 1e-6, 0, 0),
        ("f32 1e-6; bf16 exact reachable: dt*v is rounded", .bfloat16, 0, 0, 0),
        ("f32 atol 1e-5; bf16 atol 3e-2", .bfloat16, 3e-2, 0, 0),
        ("fp32: |diff| <= 1 level (nearly all exact)", .uint8, 1, 0, 0),
        ("rtol 1e-3, atol 1e-6", .float32, 1e-6, 1e-3, 0),
    ])
    func theManifestsWordsAreRead(
        words: String, dtype: DType, absolute: Double, relative: Double, ulps: Double
    ) {
        let tolerance = Tolerance(words, for: dtype)
        #expect(tolerance.absolute == absolute)
        #expect(tolerance.relative == relative)
        #expect(tolerance.ulps == ulps)
        #expect(tolerance.relativeL2 == nil)
    }

    @Test func relativeDistanceOfAWholeTensor() {
        let tolerance = Tolerance("bf16: relative L2 error < 6e-2 per tensor (bf16 is 1-4 percent)", for: .bfloat16)
        #expect(tolerance.relativeL2 == 6e-2)
        #expect(tolerance.measure([1, 2], [1, 2.1], .bfloat16).share < 1)
        #expect(tolerance.measure([1, 2], [1, 3], .bfloat16).share > 1)
    }

    @Test func notANumberEqualsItselfAndNothingElse() {
        let tolerance = Tolerance("atol 1e-5 (nan/inf as in the reference)", for: .float32)
        #expect(tolerance.measure([.nan, .infinity], [.nan, .infinity], .float32).share == 0)
        #expect(tolerance.measure([1], [.nan], .float32).share > 1)
    }
}
