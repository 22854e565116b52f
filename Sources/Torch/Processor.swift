#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
/// What the machine gives this process to compute with.
package enum Processor {
    /// Threads that this process may run at once: the smaller of the affinity mask and the cgroup's quota.
    package static func logicalThreadCount() -> Int {
        max(1, [ProcessInfo.processInfo.activeProcessorCount, cgroupQuota()].compactMap { $0 }.min() ?? 1)
    }

    /// The smallest of physical cores, the affinity mask (`activeProcessorCount`) and the cgroup's quota: hyperthreads do not help
    /// matrix products, and a container's other cores are not ours.
    package static func defaultThreadCount() -> Int {
        min(max(1, physicalCores()), logicalThreadCount())
    }

    /// The instruction set extensions the kernel reports that matter to dense arithmetic.
    package static func features() -> [String] {
        let interesting = [
            "sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16",
            "amx_bf16", "amx_int8", "asimd", "asimddp", "bf16", "i8mm", "sve",
        ]
        let line = cpuInfo().first { $0.hasPrefix("flags") || $0.hasPrefix("Features") } ?? ""
        let present = Set(line.split(separator: " ").map(String.init))
        return interesting.filter(present.contains)
    }

    /// The processor's marketing name, if the system tells.
    package static func name() -> String {
        let line = cpuInfo().first { $0.hasPrefix("model name") } ?? ""
        return line.split(separator: ":", maxSplits: 1).last.map { $0.trimmingPrefix(" ") }.map(String.init)
            ?? "unknown"
    }

    private static func cpuInfo() -> [String] {
        (read("/proc/cpuinfo") ?? "").split(separator: "\n").map(String.init)
    }

    private static func physicalCores() -> Int {
        var cores: Set<String> = []
        var package = ""
        for line in cpuInfo() {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.filter { $0 != "\t" } }
            guard parts.count == 2 else { continue }
            if parts[0] == "physical id" { package = parts[1] }
            if parts[0] == "core id" { cores.insert(package + "/" + parts[1]) }
        }
        return cores.isEmpty ? ProcessInfo.processInfo.processorCount : cores.count
    }

    /// `cpu.max` of cgroup v2 holds "QUOTA PERIOD" or "max PERIOD".
    private static func cgroupQuota() -> Int? {
        let numbers = (read("/sys/fs/cgroup/cpu.max") ?? "").split { $0 == " " || $0 == "\n" }.map { Double($0) }
        guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], period > 0 else { return nil }
        return max(1, Int((quota / period).rounded(.up)))
    }

    private static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).flatMap { String(data: $0, encoding: .utf8) }
    }
}
