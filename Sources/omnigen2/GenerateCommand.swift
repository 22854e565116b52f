import ArgumentParser
import Hub
import Imaging
import OmniGen2

/// `omnigen2 generate`: text to pictures.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Draw a picture from a text.",
        discussion: """
            The picture is written as PNG and carries its prompt, seed and settings: \
            'omnigen2 generate --from picture.png' draws it again.
            """)

    @Argument(help: "What to draw.")
    var prompt: String?

    @Option(
        help: ArgumentHelp(
            "Model folder in the published layout, or a Hugging Face repository. (default: OmniGen2/OmniGen2)",
            valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("Repeat the picture of this PNG; other options override.", valueName: "png"))
    var from: String?

    @Option(help: ArgumentHelp("What to stay away from. (default: that of the official script)", valueName: "text"))
    var negativePrompt: String?

    @Option(help: ArgumentHelp("Height in pixels. (default: 1024)", valueName: "pixels"))
    var height: Int?

    @Option(help: ArgumentHelp("Width in pixels. (default: 1024)", valueName: "pixels"))
    var width: Int?

    @Option(help: ArgumentHelp("Steps from noise to picture. (default: 50)", valueName: "n"))
    var steps: Int?

    @Option(help: ArgumentHelp("How strongly the prompt pulls; 1 is off. (default: 5)", valueName: "scale"))
    var textGuidance: Double?

    @Option(
        help: ArgumentHelp(
            "How strongly reference pictures pull; nothing without them. (default: 2)", valueName: "scale"))
    var imageGuidance: Double?

    @Option(
        name: .customLong("cfg-range"),
        help: ArgumentHelp("Part of the run in which guidance applies. (default: 0 1)", valueName: "from> <to"))
    var guidanceRange: GuidanceRange?

    @Option(help: ArgumentHelp("Solver: euler or dpmsolver++. (default: euler)", valueName: "name"))
    var scheduler: String?

    @Option(help: ArgumentHelp("Seed of the noise. (default: 0)", valueName: "n"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("How many pictures. (default: 1)", valueName: "n"))
    var count: Int?

    @Option(help: ArgumentHelp("Number type: fp32, fp16 or bf16. (default: bf16)", valueName: "type"))
    var dtype: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the PNG.", valueName: "png"))
    var output = "output.png"

    @Flag(help: "Overwrite existing files.")
    var force = false

    @Flag(help: "Report progress as JSON lines on standard output.")
    var json = false

    @OptionGroup(title: "Files")
    var files: ModelFilesOptions

    @OptionGroup(title: "Engine")
    var engine: EngineOptions

    mutating func validate() throws {
        if prompt == nil, from == nil { throw ValidationError("what to draw is missing: give a PROMPT, or --from PNG") }
        try guidanceRange?.validate()
        try Self.require(scheduler, among: GenerationRequest.Scheduler.allCases.map(\.rawValue), "--scheduler")
        try Self.require(dtype, among: OmniGen2.Precision.allCases.map(\.rawValue), "--dtype")
    }

    private static func require(_ value: String?, among allowed: [String], _ option: String) throws {
        guard let value, !allowed.contains(value) else { return }
        throw ValidationError("\(option) must be one of \(allowed.joined(separator: ", ")), got '\(value)'")
    }

    /// The record of what will be drawn: that of `--from`, or the defaults, changed by the options given.
    func record() throws -> GenerationRecord {
        var record =
            try from.map { try GenerationRecord(readingFrom: $0) }
            ?? GenerationRecord(GenerationRequest(prompt: ""), model: ModelLocation.published, dtype: .bfloat16)
        record.version = omniGen2Version
        record.prompt = prompt ?? record.prompt
        record.model = model ?? record.model
        files.apply(to: &record, model: model, from: from)
        record.negativePrompt = negativePrompt ?? record.negativePrompt
        record.height = height ?? record.height
        record.width = width ?? record.width
        record.steps = steps ?? record.steps
        record.textGuidance = textGuidance ?? record.textGuidance
        record.imageGuidance = imageGuidance ?? record.imageGuidance
        if let guidanceRange { record.guidanceRange = [guidanceRange.start, guidanceRange.end] }
        record.scheduler = scheduler.flatMap(GenerationRequest.Scheduler.init) ?? record.scheduler
        record.seed = seed ?? record.seed
        record.count = count ?? record.count
        record.dtype = dtype.flatMap(OmniGen2.Precision.init) ?? record.dtype
        return record
    }

    func run() async throws {
        var record = try record()
        let request = record.request
        try request.validate()
        let pictures = OutputFiles(output, count: request.count)
        try pictures.prepare(force: force)

        let display = ProgressDisplay(json: json)
        var configuration = OmniGen2.Configuration()
        configuration.precision = record.dtype
        configuration.device = engine.device
        configuration.threads = engine.threads
        configuration.libtorch = engine.libtorch
        let folder = try await ModelLocation(record.model).resolve(
            files: record.files ?? ModelFiles(), progress: display.download, warn: display.warning)
        let model = try await OmniGen2(folder: folder, configuration: configuration)

        display.begin()
        let images = try await model.generate(request) { progress in
            switch progress {
            case .step(let step, let count): display.step(step, of: count)
            case .warning(let text): display.warning(text)
            }
        }
        for (index, (image, path)) in zip(images, pictures.paths).enumerated() {
            record.index = index
            do {
                try image.write(to: path, text: [record.entry()])
            } catch {
                throw CommandError(.cannotCreate, "\(error)")
            }
            display.event("saved", ["path": .string(path), "seed": .string(String(record.seed))])
            if !json { display.message("saved \(path)") }
        }
    }
}
