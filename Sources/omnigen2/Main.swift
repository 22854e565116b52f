import ArgumentParser

/// Parses, runs, and turns every error into one line and an exit code of sysexits.
@main
struct Main {
    static func main() async {
        do {
            let arguments = GuidanceRange.joined(Array(CommandLine.arguments.dropFirst()))
            var command = try OmniGen2Command.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard let status = ExitStatus(error) else { OmniGen2Command.exit(withError: error) }
            Terminal.writeError("error: \(error)\n")
            OmniGen2Command.exit(withError: ExitCode(status.rawValue))
        }
    }
}
