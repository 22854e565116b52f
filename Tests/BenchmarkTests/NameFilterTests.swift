import Testing

@testable import Benchmarks

@Suite struct NameFilterTests {
    @Test func namesAreExactOrHaveWildcards() {
        let filter = NameFilter(["step-*-512", "gemm-????", "decode"])
        for name in ["step-t2i-512", "step-edit1-512", "gemm-bf16", "gemm-int8", "decode"] {
            #expect(filter.accepts(name), "\(name)")
        }
        for name in ["step-t2i-5120", "gemm-int", "gemv-bf16", "vae-decode-512", "decode-1", ""] {
            #expect(!filter.accepts(name), "\(name)")
        }
        #expect(NameFilter([]).accepts("anything"))
        #expect(NameFilter(["*a*b"]).accepts("xaabab") && !NameFilter(["*a*b"]).accepts("ba"))
    }

    @Test func patternsThatMatchNothingAreNamed() {
        #expect(NameFilter(["step-*", "stop-*", "peak-read"]).unmatched(Benchmarks.names()) == ["stop-*"])
    }
}

@Suite struct CaseNameTests {
    @Test func kernelsHaveTheNamesThatToolsLookFor() {
        let names = [
            "attention-4096", "attention-1100", "attention-int8-4096", "gemm-bf16", "gemm-int8", "gemv-bf16",
            "gemv-bf12", "gemv-int8",
            "gemv-int4",
        ]
        #expect(BenchmarkPart.kernels.names == names)
        #expect(
            BenchmarkPart.rounding.names.prefix(4) == ["int8-blocks", "int8-velocity", "int8-states", "int8-scores"])
        #expect(MachinePeak.allCases.map(\.rawValue) == ["peak-bf16", "peak-int8", "peak-float32", "peak-read"])
    }

    @Test func everyNameIsThereOnce() {
        #expect(Set(Benchmarks.names()).count == Benchmarks.names().count)
        for name in ["step-t2i-256", "step-edit1-512", "step-edit2-1024", "vae-encode-1024", "vision-512", "prefill"] {
            #expect(Benchmarks.names().contains(name), "\(name)")
        }
    }
}
