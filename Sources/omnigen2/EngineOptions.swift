import ArgumentParser
import Torch

/// Where and how to compute: shared by every command that runs the model.
struct EngineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of libtorch.", valueName: "dir"))
    var libtorch: String?

    @Option(help: ArgumentHelp("Where to compute: auto, cpu or cuda.", valueName: "device"))
    var device = "auto"

    @Option(help: ArgumentHelp("Threads to compute with. (default: physical cores)", valueName: "n"))
    var threads: Int?

    func validate() throws {
        guard DeviceRequest(rawValue: device) != nil else {
            throw ValidationError("--device must be auto, cpu or cuda, got '\(device)'")
        }
        if let threads, !Engine.maximumThreads.contains(threads) {
            throw ValidationError("--threads must be between 1 and \(Engine.maximumThreads.upperBound), got \(threads)")
        }
    }
}
