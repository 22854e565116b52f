import ArgumentParser

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Parses, runs, and turns every error into one line and an exit code of sysexits.
@main
struct Main {
    static func main() async {
        // A reader that goes away ends the output, not the work.
        signal(SIGPIPE, SIG_IGN)
        do {
            let arguments = GuidanceRange.joined(Array(CommandLine.arguments.dropFirst()))
            var command = try OmniGen2Command.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            finish(error)
        }
    }

    private static func finish(_ error: any Error) -> Never {
        if let status = ExitStatus(error) {
            Terminal.writeError("error: \(error)\n")
            exit(status.rawValue)
        }
        // Help and version come as errors that are none.
        guard OmniGen2Command.exitCode(for: error) != .success else { OmniGen2Command.exit(withError: error) }
        Terminal.writeError("error: \(OmniGen2Command.message(for: error))\n")
        exit(ExitStatus.usage.rawValue)
    }
}
