import ArgumentParser
import Imaging
import ShapesWorld

/// `shapes sheet`: pictures and their prompts on one sheet.
struct SheetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sheet", abstract: "Put pictures, and what was said about them, on one sheet.",
        discussion: """
            An entry is a text, the pictures that went in, and '=' before what came out: a picture, or an answer. \
            Entries are separated by '/'. For example: "make it blue" in.png = out.png / "how many?" in.png = "two"
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("PNG to write.", valueName: "file"))
    var output: String

    @Argument(help: "Texts and pictures.")
    var entries: [String]

    func run() throws {
        let sheet = try ContactSheet.image(entries.split(separator: "/").map { try Self.entry(Array($0)) })
        try sheet.write(to: output)
        Message.say("saved \(output)")
    }

    func validate() throws {
        if entries.allSatisfy({ $0 == "/" }) { throw ValidationError("there is no entry") }
    }

    private static func entry(_ words: [String]) throws -> ContactSheet.Entry {
        guard let equals = words.firstIndex(of: "="), equals >= 1, words.count == equals + 2 else {
            throw ValidationError(
                "expected TEXT [PICTURE ...] = PICTURE-OR-ANSWER, got '\(words.joined(separator: " "))'")
        }
        guard equals <= ContactSheet.maximumInputs + 1 else {
            throw ValidationError("an entry has at most \(ContactSheet.maximumInputs) pictures before '='")
        }
        let result = words[equals + 1]
        return ContactSheet.Entry(
            inputs: try words[1..<equals].map { try Image(contentsOf: $0) }, text: words[0],
            output: result.hasSuffix(".png") ? try Image(contentsOf: result) : nil,
            answer: result.hasSuffix(".png") ? nil : result)
    }
}
