import ArgumentParser
import OmniGen2

/// How a picture is drawn: shared by every command that draws. What is not given is the command's default, or that of
/// the picture that is repeated.
struct DrawingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Settings that go together, which other options override: fast, or quality, which has the defaults. fast "
                + "rounds weights to int8 on the CPU.",
            valueName: "name"))
    var preset: String?

    @Option(help: ArgumentHelp("What to stay away from. (default: that of the official script)", valueName: "text"))
    var negativePrompt: String?

    @Option(
        help: ArgumentHelp("Height in pixels. (default: the model's, 1024 for the published one)", valueName: "pixels"))
    var height: Int?

    @Option(
        help: ArgumentHelp("Width in pixels. (default: the model's, 1024 for the published one)", valueName: "pixels"))
    var width: Int?

    @Option(
        help: ArgumentHelp(
            "Larger pictures are drawn at this many and stretched. (default: 1048576)", valueName: "pixels"))
    var maxPixels: Int?

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

    @Option(
        help: ArgumentHelp(
            "Skip layers at some steps: none, teacache[:threshold] or taylorseer[:interval[:order]]. (default: none)",
            valueName: "name"))
    var cache: String?

    @Option(help: ArgumentHelp("Seed of the noise. (default: 0)", valueName: "n"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("How many pictures. (default: 1)", valueName: "n"))
    var count: Int?

    func validate() throws {
        try preset.require(among: Preset.allCases.map(\.rawValue), "--preset")
        try guidanceRange?.validate()
        try scheduler.require(among: GenerationRequest.Scheduler.allCases.map(\.rawValue), "--scheduler")
        if let cache, GenerationRequest.Cache(cache) == nil {
            throw ValidationError(
                "--cache must be none, teacache[:threshold] or taylorseer[:interval[:order]], got '\(cache)'")
        }
    }

    /// Changes a record to what was asked for.
    ///
    /// - Parameter model: whose number type, where it is given, is not the preset's to choose.
    func apply(to record: inout GenerationRecord, _ model: ModelOptions) {
        if let preset = preset.flatMap(Preset.init) { record.apply(preset, model) }
        record.negativePrompt = negativePrompt ?? record.negativePrompt
        record.height = height ?? record.height
        record.width = width ?? record.width
        record.maxPixels = maxPixels ?? record.maxPixels
        record.steps = steps ?? record.steps
        record.textGuidance = textGuidance ?? record.textGuidance
        record.imageGuidance = imageGuidance ?? record.imageGuidance
        if let guidanceRange { record.guidanceRange = [guidanceRange.start, guidanceRange.end] }
        record.scheduler = scheduler.flatMap(GenerationRequest.Scheduler.init) ?? record.scheduler
        record.cache = cache ?? record.cache
        record.seed = seed ?? record.seed
        record.count = count ?? record.count
    }
}
