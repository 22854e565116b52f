import Foundation
import Testing

@testable import Benchmarks

@Suite struct ResultTests {
    private static func sample() -> BenchmarkResult {
        var result = BenchmarkResult(name: "step", shape: "256x256", peakRSS: 8_000_000_000)
        (result.p50, result.p95) = (5.5, 5.75)
        (result.gflops, result.shareOfPeak, result.spread) = (730, 0.75, 0.01)
        return result
    }

    @Test func jsonHasTheDocumentedKeys() throws {
        let data = try JSONEncoder().encode(Self.sample())
        let members = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(members.keys) == ["name", "shape", "p50", "p95", "gflops", "share_of_peak", "spread", "peak_rss"])
        #expect(members["p95"] as? Double == 5.75)
        #expect(members["share_of_peak"] as? Double == 0.75)
        #expect(members["peak_rss"] as? Int == 8_000_000_000)
    }

    @Test func rowsStandBelowTheirTitles() {
        let row = BenchmarkTable.row(Self.sample())
        for cell in ["5.50 s", "5.75 s", "730 GFLOP/s", "75.0%", "1.0%", "8.00 GB"] {
            #expect(row.contains(cell), "\(cell)")
        }
        #expect(row.hasSuffix("256x256"))
        let start = row.count - "256x256".count
        #expect(BenchmarkTable.header.count == start + "shape".count)
    }

    @Test func numbersAreRoundedToTheirDigits() {
        #expect(BenchmarkTable.decimal(41.25, 1) == "41.3")
        #expect(BenchmarkTable.decimal(0.999, 2) == "1.00")
        #expect(BenchmarkTable.decimal(2.004, 2) == "2.00")
        #expect(BenchmarkTable.decimal(838.7, 0) == "839")
        #expect(BenchmarkTable.decimal(.nan, 1) == "nan")
        #expect(BenchmarkTable.time(0.000_55) == "550 us" && BenchmarkTable.time(0.1) == "100.00 ms")
    }

    @Test func quantilesLieBetweenNeighbours() {
        let values = [4.0, 1, 3, 2]
        #expect(values.median == 2.5)
        #expect(values.quantile(0) == 1 && values.quantile(1) == 4)
        #expect(abs(values.quantile(0.95) - 3.85) < 1e-12)
        #expect([7.0].quantile(0.95) == 7 && [Double]().median.isNaN)
        #expect(values.extent == 3)
    }
}
