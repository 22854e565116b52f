import ArgumentParser
import Torch

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Compares this implementation with numbers recorded from the official one.
@main
struct ParityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parity", abstract: "Compare with recorded numbers of the official implementation.",
        discussion: "The last line of the output is a JSON object; the exit code is 1 if anything failed or was left out.")

    @Argument(help: "Folder of a set of recorded numbers. (default: $OMNIGEN2_GOLDENS)")
    var goldens: String?

    @Option(help: "Folder of libtorch.")
    var libtorch: String?

    @Option(help: "Where to compute: cpu or cuda.")
    var device = "cpu"

    @Option(help: "Threads to compute with.")
    var threads: Int?

    @Option(help: "Compare only the stages whose name contains this.")
    var stage: String?

    func run() async throws {
        guard let folder = goldens ?? ProcessInfo.processInfo.environment["OMNIGEN2_GOLDENS"] else {
            throw ValidationError("name a folder of recorded numbers, or set OMNIGEN2_GOLDENS")
        }
        guard let request = DeviceRequest(rawValue: device) else {
            throw ValidationError("--device must be cpu or cuda, got '\(device)'")
        }
        try await Engine.load(libtorch: libtorch, threads: threads)
        let report = try await Self.compare(folder, request, stage)
        print(report.table())
        print(report.json())
        if !report.succeeded { throw ExitCode.failure }
    }

    /// Runs the stages on a set and reports.
    @Engine
    static func compare(_ folder: String, _ request: DeviceRequest, _ stage: String? = nil) throws -> Report {
        let goldens = try Goldens(folder: folder, device: Engine.device(request))
        Stage.compare(goldens, only: stage)
        return goldens.report
    }
}
