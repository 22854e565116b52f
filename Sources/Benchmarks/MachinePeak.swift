import CKernels
import Torch

/// What the machine gives at best, on the threads of the kernels.
package enum MachinePeak: String, CaseIterable, Sendable {
    case bfloat16 = "peak-bf16"
    case int8 = "peak-int8"
    case float32 = "peak-float32"
    case read = "peak-read"

    /// Operations, or bytes, a second, now. Takes about a tenth of a second.
    func measured() -> Double {
        switch self {
        case .bfloat16: kernels_peak_bf16()
        case .int8: kernels_peak_int8()
        case .float32: kernels_peak_float32()
        case .read: kernels_peak_read()
        }
    }

    private var shape: String {
        self == .read ? "memory, 200 MB in turn" : "numbers in registers"
    }

    /// What two quiet cores with AVX-512 (a server's, of 2023) give at least, in 10^9 a second: the class that the targets
    /// of this project are stated for.
    private var reference: Double? {
        switch self {
        case .bfloat16: 930
        case .int8: 1850
        case .float32: nil
        case .read: 42
        }
    }

    /// What to say of a peak below that on such a machine: all shares were taken of less.
    func remark(_ result: BenchmarkResult) -> String? {
        guard kernels_path() == KERNELS_AVX512, kernels_threads() == 2, let reference,
            let rate = result.gflops ?? result.gbps, rate < reference
        else { return nil }
        let unit = self == .read ? "GB/s" : "GFLOP/s"
        return "\(rawValue) is \(BenchmarkTable.decimal(rate, 1)) \(unit), less than the "
            + "\(BenchmarkTable.decimal(reference, 0)) of two quiet cores with AVX-512"
    }

    /// The row of a peak that was measured several times in a run.
    func result(_ rates: [Double]) -> BenchmarkResult {
        var result = BenchmarkResult(name: rawValue, shape: shape, peakRSS: ProcessMemory.highWaterMark())
        let rate = rates.median / 1e9
        if self == .read { result.gbps = rate } else { result.gflops = rate }
        result.spread = rates.extent / rates.median
        return result
    }
}
