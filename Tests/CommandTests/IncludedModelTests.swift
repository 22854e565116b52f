import Foundation
import Imaging
import Testing

/// The small model that comes with the program, as a user meets it.
@Suite(.serialized) struct IncludedModelTests {
    private static let folder = Program.root.appendingPathComponent("Models/shapes").path

    @Test func itIsCompleteAndSmall() throws {
        let info = try Program.run(["info", Self.folder])
        #expect(info.status == 0, "\(info.error)")
        let files = try FileManager.default.subpathsOfDirectory(atPath: Self.folder)
        let sizes = try files.map {
            try FileManager.default.attributesOfItem(atPath: "\(Self.folder)/\($0)")[.size] as? Int ?? 0
        }
        #expect(sizes.reduce(0, +) <= 24_000_000)
    }

    @Test func itIsUsedWhereNoModelIsNamed() throws {
        try Program.withFolder { folder in
            let (drawn, edited) = (folder + "/drawn.png", folder + "/edited.png")
            let drawing = try Program.run(["generate", "a large red circle in the center, on white", "-o", drawn])
            #expect(drawing.status == 0, "\(drawing.error)")
            // One line says which model it is, and how to get the published one.
            let lines = drawing.error.split(separator: "\n").filter { $0.contains("Models/shapes") }
            #expect(lines.count == 1 && lines[0].contains("--model OmniGen2/OmniGen2"))
            let picture = try Image(contentsOf: drawn)
            #expect(picture.width == 48 && picture.height == 48)

            let edit = try Program.run(["edit", "make the background black", "--image", drawn, "-o", edited])
            #expect(edit.status == 0, "\(edit.error)")
            #expect(try Image(contentsOf: edited).width == 48)
            let answer = try Program.run(["describe", drawn, "--question", "how many objects are there?"])
            #expect(answer.status == 0 && !answer.output.isEmpty, "\(answer.error)")

            // The picture remembers the model by its name, not by where it lay.
            let again = folder + "/again.png"
            #expect(try Program.run(["generate", "--from", drawn, "-o", again]).status == 0)
            #expect(try Data(contentsOf: URL(fileURLWithPath: drawn)) == Data(contentsOf: URL(fileURLWithPath: again)))
        }
    }
}
