import Foundation
import Testing
import Torch

@testable import Benchmarks

@Suite struct StopwatchTests {
    @Test func aCaseAlternatesWithItsPeak() throws {
        let stopwatch = Stopwatch(pairs: 2)
        var runs = 0
        let measurement = Measurement(work: .operations(1e6, .float32), count: 2) {
            runs += 1
            Thread.sleep(forTimeInterval: 0.1)
        }
        let result = try stopwatch.measure("sleep", "", measurement)
        // One run for the caches, and in each of two pairs as many as fill a quarter of a second.
        #expect(runs == 7)
        #expect(stopwatch.peaks[.float32]?.count == 2 && stopwatch.peaks.count == 1)
        let p50 = try #require(result.p50)
        #expect(p50 >= 0.05 && p50 < 0.2)
        #expect(try #require(result.p95) >= p50)
        let (rate, share) = (try #require(result.gflops), try #require(result.shareOfPeak))
        #expect(rate > 0 && rate <= 0.01 && share > 0 && share < 0.1)
        #expect(result.spread != nil && result.gbps == nil)
        #expect(result.peakRSS > 1 << 20)
    }

    @Test func aCaseWithoutWorkHasNoRate() throws {
        let result = try Stopwatch(pairs: 1).measure(
            "none", "", Measurement(work: .uncounted) { Thread.sleep(forTimeInterval: 0.1) })
        #expect(result.p50 != nil && result.gflops == nil && result.gbps == nil && result.shareOfPeak == nil)
    }

    @Test func aCancelledTaskStops() async {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try Stopwatch(pairs: 1).measure("none", "", Measurement(work: .uncounted) {})
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func theHighWaterMarkStartsAnew() throws {
        #if os(Linux)
            let size = 200 << 20
            let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
            memset(memory, 1, size)
            #expect(ProcessMemory.highWaterMark() > size)
            memory.deallocate()
            let before = ProcessMemory.highWaterMark()
            ProcessMemory.resetHighWaterMark()
            #expect(ProcessMemory.highWaterMark() <= before)
        #endif
    }
}
