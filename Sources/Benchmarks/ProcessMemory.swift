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
            let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
            let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
            let line = lines.first { $0.hasPrefix("VmHWM:") } ?? ""
            return (Int(line.filter(\.isNumber)) ?? 0) << 10
        #else
            var usage = rusage()
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #endif
    }

    /// Starts the high-water mark anew from what is resident now, where the system can do that.
    package static func resetHighWaterMark() {
        guard let file = fopen("/proc/self/clear_refs", "w") else { return }
        fputs("5", file)
        fclose(file)
    }
}
