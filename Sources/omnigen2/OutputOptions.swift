import ArgumentParser

/// Where pictures go, and how the work is reported: shared by every command that draws.
struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the PNG.", valueName: "png"))
    var output = "output.png"

    @Flag(help: "Overwrite existing files.")
    var force = false

    @Flag(help: "Report progress as JSON lines on standard output.")
    var json = false
}
