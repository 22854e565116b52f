import ArgumentParser
import OmniGen2
import Torch
import Training

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `omnigen2 init`: a model from nothing, to be trained.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a model that has not learnt anything, to train it from scratch.",
        discussion: """
            The description names the sizes of the parts as the published config.json files do; what it does not name is \
            as published. The tokenizer is learnt from the lines of the texts. The same description, texts and seed \
            give the same files.
            """)

    @Option(help: ArgumentHelp("Description of the model, such as Examples/Shapes/model.yml.", valueName: "yml"))
    var config: String

    @Option(
        help: ArgumentHelp(
            "Lines for the tokenizer; repeat for more. (default: the files of the description)", valueName: "file"))
    var text: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder to write.", valueName: "dir"))
    var output: String

    @Flag(help: "Replace a model folder that is there.")
    var force = false

    @Flag(help: "Report as JSON lines on standard output.")
    var json = false

    @Option(help: ArgumentHelp("Folder of libtorch.", valueName: "dir"))
    var libtorch: String?

    func run() async throws {
        let display = ProgressDisplay(json: json)
        let description = try ScratchDescription(file: config)
        _ = try ModelFolder.isToBeReplaced(output, allowed: force)
        let lines = try (text.isEmpty ? description.textFiles : text).flatMap(Self.lines)
        let model = try ScratchModel(description, lines: lines)
        display.event("tokenizer", ["tokens": .int(model.tokenizer.size), "lines": .int(lines.count)])
        if !json { display.message("tokenizer: \(model.tokenizer.size) tokens from \(lines.count) lines") }
        try await Engine.load(libtorch: libtorch)
        let parts = try await withEngine { [output, force] in try model.write(to: output, replaces: force) }
        for part in parts {
            display.event("part", ["part": .string(part.part.rawValue), "parameters": .int(part.parameters)])
            if !json { display.message("\(part.part.rawValue): \(ModelSummary.count(part.parameters)) parameters") }
        }
        display.event("saved", ["path": .string(output)])
        if !json { display.message("saved \(output)") }
    }

    private static func lines(of file: String) throws -> [String] {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw GenerationError.missing("\(file): cannot be read")
        }
        return data.split(separator: UInt8(ascii: "\n")).map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
    }
}
