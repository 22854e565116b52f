import ArgumentParser
import OmniGen2

/// How text is drawn: shared by every command that makes some.
struct TextSamplingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many tokens a reply may have.", valueName: "n"))
    var maxTokens = TextOptions.defaultMaxTokens

    @Option(
        help: ArgumentHelp("0 takes the best token, more draws. (default: the checkpoint's, 1e-6)", valueName: "t"))
    var temperature: Double?

    @Option(
        help: ArgumentHelp("Draw from the best n tokens; 0 is all. (default: the checkpoint's, 50)", valueName: "n"))
    var topK: Int?

    @Option(
        help: ArgumentHelp(
            "Draw from the best tokens that are this probable together. (default: the checkpoint's, 1)", valueName: "p"
        ))
    var topP: Double?

    @Option(
        help: ArgumentHelp(
            "What tokens that stood before lose; 1 is nothing. (default: the checkpoint's, 1.05)", valueName: "x"))
    var repetitionPenalty: Double?

    @Option(name: .customLong("stop"), help: ArgumentHelp("A string that ends a reply; repeatable.", valueName: "text"))
    var stop: [String] = []

    func validate() throws {
        do {
            try options(seed: 0).validate()
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// The options as the library takes them.
    func options(seed: UInt64) -> TextOptions {
        var options = TextOptions()
        options.maxTokens = maxTokens
        options.temperature = temperature
        options.topK = topK
        options.topP = topP
        options.repetitionPenalty = repetitionPenalty
        options.stop = stop
        options.seed = seed
        return options
    }
}
