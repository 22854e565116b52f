import ArgumentParser
import OmniGen2
import Training

/// `omnigen2 data`: what belongs to the data of a training run.
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Check the data of a training run, or encode it beforehand.",
        subcommands: [DataCheckCommand.self, DataEncodeCommand.self])
}

/// `omnigen2 data check`: every sample of a training run, looked at.
struct DataCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look at every sample: its line, its files, its pictures.",
        discussion: """
            Names each sample that cannot be trained on, with its file and line, and counts tasks, references and \
            sizes. The exit code is 65 if there is such a sample.
            """)

    @Argument(help: ArgumentHelp("Options of a run, or its data: a .yml, .jsonl or .json file, or a folder."))
    var configuration: String

    @Flag(help: "Report as JSON lines on standard output.")
    var json = false

    func run() async throws {
        let display = ProgressDisplay(json: json)
        let options = try DataOptions(file: configuration, report: display.warning)
        let report = try await cancelledByInterruption {
            try await DataCheck.run(options) { done, count in
                if done == count || done % 1000 == 0 { display.samples(done, of: count) }
            }
        }
        show(report, display)
        guard report.problems.isEmpty else {
            throw CommandError(
                .badData, "\(report.problems.count) of \(report.samples) samples cannot be trained on")
        }
    }

    private func show(_ report: DataCheck.Report, _ display: ProgressDisplay) {
        for warning in report.warnings { display.warning(warning) }
        for problem in report.problems {
            display.event("problem", ["text": .string(problem)])
            if !json { Terminal.write(problem + "\n") }
        }
        for (task, found) in report.statistics.sorted(by: { $0.key < $1.key }) {
            display.event("task", ["task": .string(task), "samples": .int(found.samples)])
            if !json { Terminal.write("\(task): \(found.summary)\n") }
        }
        display.event("checked", ["samples": .int(report.samples), "problems": .int(report.problems.count)])
        if !json {
            Terminal.write("\(report.samples) samples, \(report.problems.count) cannot be trained on\n")
        }
    }
}

extension DataCheck.Statistics {
    /// "12 samples; references 1 (8), 2 (4); sizes 512x512 (10), 640x480 (2)"
    fileprivate var summary: String {
        func list(_ counts: [(String, Int)]) -> String { counts.map { "\($0) (\($1))" }.joined(separator: ", ") }
        let byCount = references.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) }
        let common = sizes.sorted { ($1.value, $0.key.width) < ($0.value, $1.key.width) }
        let shown = common.prefix(5).map { ("\($0.key.width)x\($0.key.height)", $0.value) }
        let rest = common.count > shown.count ? " and \(common.count - shown.count) more" : ""
        return "\(samples) samples; references \(list(byCount)); sizes \(list(shown))\(rest)"
    }
}

extension ProgressDisplay {
    fileprivate func samples(_ done: Int, of count: Int) {
        event("samples", ["done": .int(done), "of": .int(count)])
        if Terminal.errorIsTerminal, !isJSON { Terminal.writeError("\r\u{1B}[K\(done)/\(count) samples") }
        if done == count, Terminal.errorIsTerminal, !isJSON { Terminal.writeError("\n") }
    }
}
