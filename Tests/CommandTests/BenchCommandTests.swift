import Foundation
import Testing

@Suite struct BenchCommandTests {
    private static func rows(_ outcome: Program.Outcome) throws -> [[String: Any]] {
        try outcome.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test func aKernelAndItsPeakAreMeasured() throws {
        let outcome = try Program.run([
            "bench", "kernels", "--filter", "attention-1100", "--repetitions", "1", "--json",
        ])
        #expect(outcome.status == 0)
        let rows = try Self.rows(outcome)
        #expect(rows.compactMap { $0["name"] as? String } == ["attention-1100", "peak-bf16"])
        let row = try #require(rows.first)
        for key in ["p50", "p95", "gflops", "share_of_peak", "spread"] { #expect(row[key] as? Double != nil, "\(key)") }
        #expect(row["peak_rss"] as? Int ?? 0 > 1 << 20)
        #expect(outcome.error.contains("bench: attention-1100"))
    }

    @Test func aPeakCanBeAskedForAlone() throws {
        let outcome = try Program.run(["bench", "--filter", "peak-read"])
        #expect(outcome.status == 0)
        #expect(outcome.output.split(separator: "\n").count == 2)
        #expect(outcome.output.contains("peak-read") && outcome.output.contains("GB/s"))
    }

    @Test(arguments: [
        (["--filter", "gemm-fp4"], "--filter gemm-fp4: no such case; there are attention-4096"),
        (["parts"], "a part must be one of kernels, transformer, autoencoder, language, rounding, start, got 'parts'"),
        (["--dtype", "fp16"], "--dtype must be fp32 or bf16, got 'fp16'"),
        (["--repetitions", "0"], "--repetitions must be 1 or more, got 0"),
        (["--threads", "0"], "--threads must be between 1 and 256, got 0"),
        (["language", "--filter", "gemm-*"], "--filter gemm-*: no such case"),
    ])
    func wrongOptionsAreNamed(arguments: [String], message: String) throws {
        let outcome = try Program.run(["bench"] + arguments)
        #expect(outcome.status == 64)
        #expect(outcome.error.contains(message), "\(outcome.error)")
    }
}
