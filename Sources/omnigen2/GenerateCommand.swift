import ArgumentParser
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

    @Option(help: ArgumentHelp("Repeat the picture of this PNG; other options override.", valueName: "png"))
    var from: String?

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @OptionGroup(title: "Drawing")
    var drawing: DrawingOptions

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @OptionGroup(title: "Adapters")
    var adapters: AdapterOptions

    @OptionGroup(title: "Engine")
    var engine: RunOptions

    mutating func validate() throws {
        if prompt == nil, from == nil { throw ValidationError("what to draw is missing: give a PROMPT, or --from PNG") }
    }

    func run() async throws {
        var record = try GenerationRecord(repeating: from, prompt, model)
        drawing.apply(to: &record, model)
        adapters.apply(to: &record)
        if record.editing != nil {
            throw CommandError(.usage, "\(from ?? "the picture") is an edit: use 'omnigen2 edit --from'")
        }
        let drawing = Drawing(output, engine)
        if from == nil { model.announce(drawing.display) }
        try await drawing.run(record, record.request)
    }
}
