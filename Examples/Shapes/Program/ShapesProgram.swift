import ArgumentParser

/// `shapes`: the small world that the model in `Models/shapes` was trained on, and how well it does there.
@main
struct ShapesProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shapes", abstract: "The small world of the model in Models/shapes.",
        subcommands: [
            DataCommand.self, BenchCommand.self, SheetCommand.self, SpeedupsCommand.self, ReconstructCommand.self,
        ])
}
