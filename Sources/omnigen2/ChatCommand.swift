import ArgumentParser
import OmniGen2

/// `omnigen2 chat`: a conversation in which the model answers with text or a picture.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talk with the model, which answers with text or a picture.",
        discussion: """
            Without a MESSAGE every line of standard input is one; '/help' among them lists what else can be said. A \
            picture that was drawn goes with the next message. Drawn pictures are numbered: output-1.png, output-2.png \
            and so on. With a MESSAGE there is one reply, and its picture goes to --output.
            """)

    @Argument(help: "What to say. (default: a conversation)")
    var message: String?

    @Option(
        name: .customLong("image"),
        help: ArgumentHelp(
            "A picture that goes with the first message, PNG, JPEG or WebP; repeat for up to five.", valueName: "file"))
    var images: [String] = []

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @OptionGroup(title: "Text")
    var text: TextSamplingOptions

    @OptionGroup(title: "Drawing")
    var drawing: DrawingOptions

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: "Adapters")
    var adapters: AdapterOptions

    @OptionGroup(title: "Engine")
    var engine: RunOptions

    func validate() throws {
        if images.count > GenerationRequest.maximumReferences {
            throw ValidationError(
                "at most \(GenerationRequest.maximumReferences) pictures can be given, got \(images.count)")
        }
        if let message, message.allSatisfy(\.isWhitespace) { throw ValidationError("the message is empty") }
    }

    func run() async throws {
        // What is wrong with the arguments is said before the model is loaded.
        let display = ProgressDisplay(json: output.json)
        var record = try GenerationRecord(repeating: nil, message ?? "(a message)", model)
        drawing.apply(to: &record, model)
        adapters.apply(to: &record)
        try record.request.validate()
        try record.checkAdapters()
        let files =
            message == nil
            ? OutputFiles(free: output.output, count: 1) : OutputFiles(output.output, count: record.count)
        try files.prepare(force: output.force)
        let pictures = try images.map { try AttachedPicture($0, display) }
        let folder = try await model.location.resolve(
            files: model.files.files, progress: display.download, warn: display.warning)
        try record.complete(for: folder)
        model.announce(display)
        if Terminal.errorIsTerminal { display.message("loading \(folder.path)") }
        try await record.roundAsPreset(
            folder, isOnCPU: OmniGen2.isOnCPU(engine.configuration(record.dtype, nil)))
        try display.preset(record, of: folder)
        let loaded = try await OmniGen2(
            folder: folder, configuration: engine.configuration(record.dtype, record.quantization), for: .text)
        try await record.setAdapters(of: loaded, display)
        var session = ChatSession(
            with: loaded, attached: pictures, record, text.options(seed: record.seed), output, display)
        if let message {
            try await session.send(message, to: files)
        } else {
            try await session.run()
        }
    }
}
