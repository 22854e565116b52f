import ArgumentParser
import OmniGen2
import ShapesWorld

/// `shapes speedups`: what faster ways to draw cost in quality.
struct SpeedupsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "speedups", abstract: "Compare faster ways to draw with the plain one, on the same cases.",
        discussion: """
            The plain way is fp32, Euler, 50 steps, guidance throughout. Loss is the share of cases that only the plain \
            way does right less the share that only the faster way does right, in points; the bound is the upper end of \
            its 95% interval. Every line of standard output is a JSON object.
            """)

    @Option(help: ArgumentHelp("Model folder.", valueName: "dir"))
    var model = "Models/shapes"

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder for the cases.", valueName: "dir"))
    var output = "outputs/shapes-speedups"

    @Option(help: "Where the cases' random numbers start.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Cases of each task.", valueName: "n"))
    var count = 600

    @Option(help: ArgumentHelp("Only these: \(Speedup.all.map(\.name).joined(separator: ", ")).", valueName: "name"))
    var only: [String] = []

    func validate() throws {
        guard (2...100_000).contains(count) else { throw ValidationError("--count must be 2 to 100000, got \(count)") }
        for name in only where !Speedup.all.contains(where: { $0.name == name }) {
            throw ValidationError(
                "there is no '\(name)'; --only takes \(Speedup.all.map(\.name).joined(separator: ", "))")
        }
    }

    func run() async throws {
        let plain = try await results(Speedup.plain)
        for speedup in Speedup.all where only.isEmpty || only.contains(speedup.name) {
            let faster = try await results(speedup)
            for task in speedup.tasks {
                guard let (base, other) = plain.of[task].flatMap({ base in faster.of[task].map { (base, $0) } }) else {
                    continue
                }
                let row = SpeedupRow(
                    speedup: speedup.name, task, base, other,
                    speed: (plain.seconds[task] ?? 0) / max(faster.seconds[task] ?? 0, 1e-9))
                Message.result(try ShapesJSON.text(row))
            }
        }
    }

    private struct Results {
        var of: [ShapesTask: [Bool]] = [:]
        var seconds: [ShapesTask: Double] = [:]
    }

    private func results(_ speedup: Speedup) async throws -> Results {
        let player = try await ModelPlayer(model, speedup.settings)
        var results = Results()
        for task in speedup.tasks {
            let start = ContinuousClock.now
            for (index, example) in ExampleSet.examples(task, count: count, seed: seed).enumerated() {
                let folder = try CaseFolder("\(output)/\(speedup.name)/\(task.rawValue)/\(index)", example)
                results.of[task, default: []].append(
                    try await player.play(example, seed: UInt64(index), folder).isRight)
                Message.progress("\(speedup.name) \(task.rawValue) \(index + 1)/\(count)")
            }
            results.seconds[task] = (ContinuousClock.now - start).seconds
        }
        Message.progress("")
        return results
    }
}
