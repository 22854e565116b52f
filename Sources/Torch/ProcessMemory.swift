#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The memory of this process, as the system counts it.
package enum ProcessMemory {
    /// Most bytes that were resident at once, since the last reset; 0 where the system does not say.
    package static func highWaterMark() -> Int {
        #if os(Linux)
            return kilobytes("VmHWM:", in: "/proc/self/status") << 10
        #else
            var usage = rusage()
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #endif
    }

    /// Bytes that are resident now; 0 where the system does not say.
    package static func resident() -> Int { kilobytes("VmRSS:", in: "/proc/self/status") << 10 }

    /// Bytes that this process may still come to use before the system is short of memory: of the machine, or of its cgroup
    /// where that is less; `nil` where the system does not say.
    package static func available() -> Int? {
        #if os(Linux)
            let machine = kilobytes("MemAvailable:", in: "/proc/meminfo") << 10
            guard machine > 0 else { return nil }
            return min(machine, cgroupLimit() ?? machine)
        #else
            return nil
        #endif
    }

    /// `memory.max` of cgroup v2 holds a number of bytes or "max".
    private static func cgroupLimit() -> Int? {
        let data = FileManager.default.contents(atPath: "/sys/fs/cgroup/memory.max") ?? Data()
        return Int(String(decoding: data, as: UTF8.self).filter(\.isNumber))
    }

    /// The number of a line of such a file.
    private static func kilobytes(_ name: String, in path: String) -> Int {
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }

    /// Starts the high-water mark anew from what is resident now, where the system can do that.
    package static func resetHighWaterMark() {
        guard let file = fopen("/proc/self/clear_refs", "w") else { return }
        fputs("5", file)
        fclose(file)
    }
}
