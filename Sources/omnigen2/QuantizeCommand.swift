import ArgumentParser
import Hub
import Layers
import OmniGen2
import Torch

/// `omnigen2 quantize`: a model whose weights are packed for the kernels of this program.
struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize", abstract: "Write a model with packed weights: smaller, and there at once.",
        discussion: """
            The result is a model folder for this program, on the CPU, in bf16. Its files are mapped and not copied. \
            Embeddings, modulation, norms and the transformer's output keep bf16; the scores of tokens keep 8 bits. The \
            autoencoder is copied as it is. Docs/PackedLayout.md describes the files.

            Weights of 4 bits lose less with --calibrate: the model first draws small pictures of some prompts, and is \
            then rounded part by part for what it computed with. That takes a while, and gives the same files and speed.
            """)

    /// How the weights of large layers are stored.
    enum Numbers: String, ExpressibleByArgument, CaseIterable {
        case bf16, int8, int4

        var storage: WeightStorage {
            switch self {
            case .bf16: .packed
            case .int8: .int8
            case .int4: .int4
            }
        }
    }

    @Argument(help: "Model folder in the published layout, or a Hugging Face repository.")
    var model: String

    @Option(help: ArgumentHelp("What large layers are stored as.", valueName: "type"))
    var type: Numbers

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder to write.", valueName: "dir"))
    var output: String

    @Flag(help: "Round weights of 4 bits for what the model computes with.")
    var calibrate = false

    @Option(
        help: ArgumentHelp(
            "Text file of prompts to calibrate with, one a line. (default: some of many kinds)", valueName: "file"))
    var prompts: String?

    @Flag(help: "Replace a model folder that is there.")
    var force = false

    @Flag(help: "Report progress as JSON lines on standard output.")
    var json = false

    @Option(help: ArgumentHelp("Folder of libtorch.", valueName: "dir"))
    var libtorch: String?

    func validate() throws {
        if calibrate, type != .int4 {
            throw ValidationError("--calibrate is for weights of 4 bits, --type int4, got \(type.rawValue)")
        }
        if prompts != nil, !calibrate { throw ValidationError("--prompts is for --calibrate") }
    }

    func run() async throws {
        let display = ProgressDisplay(json: json)
        let calibration = calibrate ? try prompts.map(Calibration.init(file:)) ?? Calibration() : nil
        let folder = try await ModelLocation(model).resolve(progress: display.download, warn: display.warning)
        var conversion = CheckpointConversion(folder, output: output)
        conversion.storage = type.storage
        conversion.calibration = calibration
        conversion.replaces = force
        // A refusal comes before libtorch is looked for.
        try conversion.requireFreeOutput()
        try await Engine.load(libtorch: libtorch)
        try await cancelledByInterruption { [conversion] in
            try await withEngine {
                var losses = CalibrationLosses()
                try conversion.run({ display.conversion($0) }) { event in
                    losses.add(event)
                    display.calibration(event)
                }
                for line in losses.lines where !display.isJSON { display.message(line) }
            }
        }
        display.event("saved", ["path": .string(output)])
        if !json { display.message("saved \(output)") }
    }
}
