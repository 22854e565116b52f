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

/// How long this program runs.
enum ProcessAge {
    /// What is assumed where the system does not say.
    private static let usual = 0.3

    static func seconds() -> Double {
        func words(_ path: String) -> [Substring] {
            String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self).split(separator: " ")
        }
        // The program's name, which may hold spaces, ends with the last bracket; the start is the twentieth field after.
        let status = words("/proc/self/stat")
        guard let name = status.lastIndex(where: { $0.hasSuffix(")") }), status.count > name + 20,
            let start = Double(status[name + 20]), let now = words("/proc/uptime").first.flatMap({ Double($0) })
        else { return usual }
        return max(now - start / Double(sysconf(Int32(_SC_CLK_TCK))), 0)
    }
}
