import ArgumentParser
import Imaging
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
        discussion:
            "The last line of the output is a JSON object; the exit code is 1 if anything failed or was left out.")

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

    @Option(help: "Compare this PNG with the recorded picture of a pipeline case, and nothing else.")
    var picture: String?

    @Option(help: "The pipeline case for --picture.")
    var pictureCase = "t2i_generator"

    func run() async throws {
        guard let folder = goldens ?? ProcessInfo.processInfo.environment["OMNIGEN2_GOLDENS"] else {
            throw ValidationError("name a folder of recorded numbers, or set OMNIGEN2_GOLDENS")
        }
        guard let request = DeviceRequest(rawValue: device) else {
            throw ValidationError("--device must be cpu or cuda, got '\(device)'")
        }
        try await Engine.load(libtorch: libtorch, threads: threads)
        if let picture {
            try await print(Self.comparePicture(picture, pictureCase, folder))
            return
        }
        let report = try await Self.compare(folder, request, stage)
        print(report.table())
        print(report.json())
        if !report.succeeded { throw ExitCode.failure }
    }

    /// Compares the pixels of a file with a recorded picture.
    @Engine
    private static func comparePicture(_ path: String, _ name: String, _ folder: String) throws -> String {
        let goldens = try Goldens(folder: folder, device: .cpu)
        let image = try Image(contentsOf: path)
        let (file, record) = ("pipeline.safetensors", "\(name).image0_u8")
        try goldens.check(file, record, Tensor(image.pixels, [image.height, image.width, 3]))
        guard goldens.report.failures.isEmpty else {
            throw ParityError("\(path) differs from the recorded picture:\n\(goldens.report.table())")
        }
        return "\(path) is the picture the original drew"
    }

    /// Runs the stages on a set and reports.
    @Engine
    static func compare(_ folder: String, _ request: DeviceRequest, _ stage: String? = nil) throws -> Report {
        let goldens = try Goldens(folder: folder, device: Engine.device(request))
        Stage.compare(goldens, only: stage)
        return goldens.report
    }
}
