import ArgumentParser
import OmniGen2
import ShapesWorld

/// `shapes data`: what the model is trained on.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Write pictures, instructions, questions and answers to train on.")

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder to write.", valueName: "dir"))
    var output: String

    @Option(help: "Where random numbers start.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("How much of everything, where 1 stands for 338,000 pictures.", valueName: "factor"))
    var scale = 1.0

    func validate() throws {
        guard scale > 0, scale <= 100 else { throw ValidationError("--scale must be above 0 and at most 100") }
    }

    func run() throws {
        var counts = TrainingSet.Counts()
        func scaled(_ count: Int) -> Int { max(1, Int(Double(count) * scale)) }
        counts.scenes = counts.scenes.map(scaled)
        counts.edits = scaled(counts.edits)
        counts.compositions = scaled(counts.compositions)
        counts.primers = scaled(counts.primers)
        counts.crowds = scaled(counts.crowds)
        counts.askedScenes = scaled(counts.askedScenes)
        counts.drills = scaled(counts.drills)
        try TrainingSet.write(
            to: output, counts, seed: seed, negativePrompt: GenerationRequest.defaultNegativePrompt
        ) { Message.progress("\($0) pictures") }
        Message.say("saved \(output)")
    }
}
