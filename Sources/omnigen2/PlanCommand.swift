import ArgumentParser
import Imaging
import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `omnigen2 plan`: what a picture will take, before anything is loaded.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Foresee the memory and time that a picture takes.",
        discussion: """
            The options are those of 'generate' and 'edit'. Of the model only names and shapes are read. How fast this \
            machine is for a model of its size is measured once, in a second or two, and kept in the program's cache. \
            TeaCache is taken to save nothing: what it skips depends on the picture.
            """)

    @Argument(help: "What to draw. (default: a text of usual length)")
    var prompt: String?

    @Option(
        name: .customLong("reference"),
        help: ArgumentHelp(
            "A picture to be edited or composed from: its file, or its size. Repeat.", valueName: "png|WxH"))
    var references: [PlannedPicture] = []

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @OptionGroup(title: "Drawing")
    var drawing: DrawingOptions

    @OptionGroup(title: "Engine")
    var engine: RunOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    /// Of about sixty tokens, as prompts that describe a picture are.
    private static let usualPrompt = """
        A photograph of an old lighthouse on a cliff above the sea at dusk, waves breaking white on the rocks below, a warm \
        light in its window, gulls in the wind, low clouds lit from beneath, sharp detail, taken with a wide lens from the \
        path that leads down to the shore
        """

    func run() async throws {
        let display = ProgressDisplay(json: false)
        var record = try GenerationRecord(repeating: nil, prompt ?? Self.usualPrompt, model)
        drawing.apply(to: &record, model)
        let folder = try await ModelLocation(record.model).resolve(
            files: record.files ?? ModelFiles(), progress: display.download, warn: display.warning)
        try record.complete(for: folder)
        try record.roundAsPreset(folder, isOnCPU: true)
        var request = record.request
        request.references = try references.map { try $0.picture() }
        let plan = try await OmniGen2.plan(
            request, folder: folder, configuration: engine.configuration(record.dtype, record.quantization),
            measures: true)
        Terminal.write(json ? try plan.json() : plan.table)
        if !plan.fits { throw CommandError(.unavailable, plan.refusal) }
    }
}

/// A picture as a plan needs it: a file, or a size alone.
struct PlannedPicture: ExpressibleByArgument {
    private enum Source {
        case file(String)
        case size(width: Int, height: Int)
    }

    private let source: Source

    init?(argument: String) {
        let sides = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        if sides.count == 2, let width = sides[0], let height = sides[1] {
            let range = 1...GenerationRequest.largestSide
            guard range.contains(width), range.contains(height) else { return nil }
            source = .size(width: width, height: height)
        } else {
            source = .file(argument)
        }
    }

    func picture() throws -> Image {
        switch source {
        case .file(let path): try StillPicture(path: path).image
        case .size(let width, let height):
            try Image(width: width, height: height, pixels: Array(repeating: 0, count: 3 * width * height))
        }
    }
}
