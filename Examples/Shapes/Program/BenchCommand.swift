import ArgumentParser
import OmniGen2
import ShapesWorld

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `shapes bench`: how often a model does what it is asked to.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Ask a model to draw, edit, compose and describe, and judge what it makes.",
        discussion: """
            Every case leaves a folder with its prompt, the truth, its inputs, and what the model made of them. The last \
            line of the output is a JSON object with the percentages.
            """)

    @Option(help: ArgumentHelp("Model folder.", valueName: "dir"))
    var model = "Models/shapes"

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder for the cases.", valueName: "dir"))
    var output = "outputs/shapes-bench"

    @Option(help: "Where the cases' random numbers start.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Cases of each task.", valueName: "n"))
    var count = 200

    @Option(
        help: ArgumentHelp("Tasks: \(ShapesTask.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    var task: [ShapesTask] = ShapesTask.allCases

    @Flag(help: "Show, in each case, a kind of object that training never showed.")
    var heldOut = false

    @OptionGroup(title: "Drawing")
    var drawing: DrawingSettings

    func validate() throws {
        guard (1...100_000).contains(count) else { throw ValidationError("--count must be 1 to 100000, got \(count)") }
    }

    func run() async throws {
        let start = ContinuousClock.now
        let player = try await ModelPlayer(model, drawing)
        let cases = heldOut ? "\(output)/held-out" : output
        var results: [TaskResult] = []
        for task in ShapesTask.allCases where self.task.contains(task) {
            let examples = ExampleSet.examples(task, count: count, seed: seed, heldOut: heldOut)
            var result = TaskResult(task)
            for (index, example) in examples.enumerated() {
                let number = String(repeating: "0", count: max(0, 4 - "\(index)".count)) + "\(index)"
                let folder = try CaseFolder("\(cases)/\(task.rawValue)/\(number)", example)
                result.add(try await player.play(example, seed: UInt64(index), folder), example)
                Message.progress("\(task.rawValue) \(index + 1)/\(count)")
            }
            Message.progress("")
            results.append(result)
        }
        let seconds = (ContinuousClock.now - start).components.seconds
        print(TaskResult.table(results), terminator: "")
        let summary = BenchSummary(results, drawing, heldOut: heldOut, count: count, seed: seed, seconds: Int(seconds))
        print(try ShapesJSON.text(summary))
    }
}

extension ShapesTask: ExpressibleByArgument {}
