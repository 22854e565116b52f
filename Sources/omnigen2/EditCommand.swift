import ArgumentParser
import OmniGen2

/// `omnigen2 edit`: pictures and an instruction to pictures.
struct EditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Change a picture, or compose one from several.",
        discussion: """
            One picture is edited; of several, up to five, a new one is composed. The prompt may name them \
            "the first image" and so on. The result carries its settings and the names of its sources: \
            'omnigen2 edit --from picture.png' draws it again.
            """)

    @Argument(help: "What to change, or what to make of the pictures.")
    var prompt: String?

    @Option(help: ArgumentHelp("Repeat the picture of this PNG; other options override.", valueName: "png"))
    var from: String?

    @OptionGroup(title: "Sources")
    var editing: EditingOptions

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
        if prompt == nil, from == nil {
            throw ValidationError("what to change is missing: give a PROMPT, or --from PNG")
        }
        if editing.image.isEmpty, from == nil { throw ValidationError("no picture is given: --image FILE") }
    }

    func run() async throws {
        var record = try GenerationRecord(repeating: from, prompt, model)
        drawing.apply(to: &record, model)
        adapters.apply(to: &record)
        try editing.apply(to: &record)
        let drawing = Drawing(output, engine)
        var request = record.request
        guard let sources = record.editing else {
            throw CommandError(.usage, "\(from ?? "the picture") has no sources: give --image FILE")
        }
        if sources.decidesSize, self.drawing.height != nil || self.drawing.width != nil {
            drawing.display.warning("the result takes the size of its source: --height and --width change nothing")
        }
        try sources.load(into: &request, warn: drawing.display.warning)
        if from == nil { model.announce(drawing.display) }
        try await drawing.run(record, request)
    }
}
