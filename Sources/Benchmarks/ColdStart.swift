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

/// What passes before anything can be computed: this program started anew, until libtorch is open and it has ended.
///
/// Reading weights is not in it: the bench has no model on disk, and how fast a disk reads is no property of the program.
enum ColdStart {
    static func all(libtorch: String?) -> [BenchmarkCase<Void>] {
        let arguments = ["info"] + (libtorch.map { ["--libtorch", $0] } ?? [])
        return [
            BenchmarkCase("cold-start", "omnigen2 \(arguments[0]), no weights") { _ in
                guard let program = executable else {
                    throw BenchmarkError("cold-start: this program's file is unknown")
                }
                var memory = 0
                return Measurement(work: .uncounted, memory: { memory }) {
                    memory = max(memory, try run(program, arguments))
                }
            }
        ]
    }

    /// The file of this program.
    private static var executable: String? {
        let link = "/proc/self/exe"
        if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link) { return path }
        return CommandLine.arguments.first
    }

    /// Runs a program to its end, without its output.
    ///
    /// - Returns: the most bytes that it held.
    private static func run(_ program: String, _ arguments: [String]) throws -> Int {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for stream in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0)
        }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var child = pid_t()
        guard posix_spawn(&child, program, &actions, nil, &words, environ) == 0 else {
            throw BenchmarkError("cold-start: \(program) cannot be started")
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
        guard status == 0 else { throw BenchmarkError("cold-start: \(program) \(arguments[0]) failed") }
        #if os(Linux)
            return Int(usage.ru_maxrss) << 10  // kilobytes
        #else
            return Int(usage.ru_maxrss)
        #endif
    }
}
