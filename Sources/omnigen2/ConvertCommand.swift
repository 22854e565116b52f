import ArgumentParser
import Hub
import OmniGen2
import Torch

/// `omnigen2 convert`: any files of a model to a folder in the published layout.
struct ConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Write a model folder in the published layout from other files.",
        discussion: """
            Reads single files of ComfyUI, or a folder (--model), or a folder of which files replace parts. \
            Tensors are recognised by their names and keep their type unless --dtype says otherwise.
            """)

    @Option(help: ArgumentHelp("Model folder, or a Hugging Face repository.", valueName: "model"))
    var model: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder to write.", valueName: "dir"))
    var output: String

    @Option(help: ArgumentHelp("Number type: fp32, fp16 or bf16. (default: as stored; fp8 as bf16)", valueName: "type"))
    var dtype: String?

    @Option(help: ArgumentHelp("Largest file, such as 5GB or 4GiB. (default: 5GB)", valueName: "size"))
    var maxShardSize: ByteCount?

    @Flag(help: "Replace a model folder that is there.")
    var force = false

    @Flag(help: "Report progress as JSON lines on standard output.")
    var json = false

    @Option(help: ArgumentHelp("Folder of libtorch.", valueName: "dir"))
    var libtorch: String?

    @OptionGroup(title: "Files")
    var files: ModelFilesOptions

    func validate() throws {
        if model == nil, !files.files.coverEveryPart {
            throw ValidationError("what to convert is missing: give --model, or --transformer, --vae and --mllm")
        }
        if let dtype, OmniGen2.Precision(rawValue: dtype) == nil {
            let allowed = OmniGen2.Precision.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--dtype must be one of \(allowed), got '\(dtype)'")
        }
    }

    func run() async throws {
        let display = ProgressDisplay(json: json)
        let folder = try await ModelLocation(model ?? ModelLocation.none).resolve(
            files: files.files, progress: display.download, warn: display.warning)
        var conversion = CheckpointConversion(folder, output: output)
        conversion.precision = dtype.flatMap(OmniGen2.Precision.init)
        conversion.replaces = force
        if let maxShardSize { conversion.maximumShardBytes = maxShardSize.bytes }
        // A refusal comes before libtorch is looked for.
        try conversion.requireFreeOutput()
        try await Engine.load(libtorch: libtorch)
        try await cancelledByInterruption { [conversion] in
            try await withEngine { try conversion.run { display.conversion($0) } }
        }
        display.event("saved", ["path": .string(output)])
        if !json { display.message("saved \(output)") }
    }
}

extension ProgressDisplay {
    /// One tensor of a part is being written.
    func conversion(_ progress: CheckpointConversion.Progress) {
        let (part, done, count) = (progress.part.rawValue, progress.tensors, progress.of)
        event("tensor", ["part": .string(part), "tensor": .int(done), "of": .int(count)])
        if done == count, !isJSON { message("\(part): \(count) tensors") }
    }
}
