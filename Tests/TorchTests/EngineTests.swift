import Testing

@testable import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite(.serialized) struct EngineTests {
    /// Resident memory in bytes: the second field of `/proc/self/statm`, in pages.
    private static func residentBytes() -> Int {
        let text = FileManager.default.contents(atPath: "/proc/self/statm").map { String(decoding: $0, as: UTF8.self) }
        let fields = (text ?? "").split(separator: " ").compactMap { Int($0) }
        return fields.count > 1 ? fields[1] * 4096 : 0
    }

    /// Bytes a round of calls may grow by: less than one leaked handle a call would take.
    private static let leakTolerance = 256 << 10

    @Test(.enabled(if: EngineTests.residentBytes() > 0))
    func aLongLoopOfCallsGoodAndFailingKeepsMemoryFlat() async throws {
        try await withEngine {
            let a = try Tensor.ones([16, 16])
            let wrong = try Tensor.ones([7])
            func succeed() throws {
                let b = try (a * a + 1).reshaped(4, 64).silu()
                let c = try Tensor.concatenated([b, b], 0).rmsNorm(Tensor.ones([64]), epsilon: 1e-5)
                _ = try c.clamped(-1...1).sum().floats()
                _ = try a.reshaped(1, 1, 16, 16).attention(a.reshaped(1, 1, 16, 16), a.reshaped(1, 1, 16, 16), scale: 1)
            }
            // A C++ exception takes milliseconds (libtorch writes a backtrace), so there are fewer of these.
            func fail() {
                _ = try? a * wrong
                _ = try? Tensor.concatenated([a, wrong], 0)
                _ = try? a.reshaped(3, 5)
            }
            for _ in 0..<1000 { try succeed() }
            for _ in 0..<50 { fail() }
            // What the allocator keeps moves the memory too, so the median round counts: a leak grows all.
            let growth = try (0..<5).map { _ in
                let before = Self.residentBytes()
                for _ in 0..<1500 { try succeed() }
                for _ in 0..<30 { fail() }
                return Self.residentBytes() - before
            }.sorted()
            #expect(growth[growth.count / 2] < Self.leakTolerance, "\(growth)")
        }
    }

    /// 1.5 us on the machine this was written on; the bound here leaves room for a busy one.
    private static let dispatchBound = Duration.microseconds(6)

    @Test func aSmallProductCostsAboutAMicrosecond() async throws {
        let best = try await withEngine {
            let a = try Tensor.ones([64])
            let b = try Tensor.ones([64])
            let calls = 20_000
            return try (0..<5).map { _ in
                try ContinuousClock().measure { for _ in 0..<calls { _ = try a * b } } / calls
            }.min() ?? .zero
        }
        print("aten::mul on 64 elements: \(best)")
        #expect(best < Self.dispatchBound)
    }

    @Test func theThreadCountIsTheOneAskedFor() async throws {
        // In one job: with another number of threads, what other tests draw meanwhile differs in its last bits.
        try await withEngine {
            let before = try Engine.load(nil, nil)
            #expect(try Engine.load(nil, 1).threads == 1)
            #expect(try Engine.load(nil, before.threads).threads == before.threads)
        }
    }

    @Test func mpsIsRefusedInWords() async throws {
        try await withEngine {
            #expect(throws: TorchError.self) { try Engine.device(.mps) }
            let device = try Engine.device(.cpu)
            #expect(device == .cpu)
        }
    }

    @Test func anExplicitFolderWithoutLibtorchIsAnErrorThatNamesIt() {
        let search = LibTorchSearch(explicit: "/nowhere", environment: [:])
        let error = #expect(throws: TorchError.self) { try search.open() }
        #expect(error.map(String.init(describing:))?.contains("--libtorch: /nowhere holds no libtorch_cpu") == true)
    }

    @Test func whenNothingIsFoundEveryPlaceIsListedWithTheRemedy() {
        let search = LibTorchSearch(explicit: nil, environment: ["OMNIGEN2_CACHE": "/nowhere", "HOME": "/nowhere"])
        // A machine-wide Python torch would be found all the same.
        guard let error = #expect(throws: TorchError.self, performing: { try search.open() }) else { return }
        let text = String(describing: error)
        #expect(text.contains("/nowhere/libtorch"))
        #expect(text.contains("scripts/bootstrap"))
    }
}
