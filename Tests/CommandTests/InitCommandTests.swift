import Foundation
import Imaging
import Testing

@testable import omnigen2

/// A model from nothing, on the command line.
@Suite struct InitCommandTests {
    private static let example = Program.root.appendingPathComponent("Examples/Shapes/model.yml").path

    @Test func aModelFromNothingIsCompleteAndDraws() throws {
        try Program.withFolder { folder in
            let (model, text, picture) = (folder + "/model", folder + "/lines.txt", folder + "/noise.png")
            try "a red circle\r\na blue square\n".write(toFile: text, atomically: true, encoding: .utf8)
            let made = try Program.run(["init", "--config", Self.example, "--text", text, "-o", model, "--json"])
            #expect(made.status == 0, "\(made.error)")
            #expect(made.output.contains(#""event":"tokenizer","lines":2"#))
            #expect(made.output.contains(#"{"event":"part","parameters":4956352,"part":"transformer"}"#))
            #expect(made.output.hasSuffix("{\"event\":\"saved\",\"path\":\"\(model)\"}\n"))

            let info = try Program.run(["info", model])
            #expect(info.status == 0 && info.output.contains("vae          152 tensors, 688.73 k parameters, float32"))
            let drawn = try Program.run([
                "generate", "a red circle", "--model", model, "--height", "48", "--width", "48", "--steps", "2",
                "--output", picture,
            ])
            #expect(drawn.status == 0, "\(drawn.error)")
            let image = try Image(contentsOf: picture)
            #expect(image.width == 48 && image.height == 48 && Set(image.pixels).count > 20)
            #expect(try Program.run(["describe", picture, "--model", model, "--max-tokens", "2"]).status == 0)

            let again = try Program.run(["init", "--config", Self.example, "--output", model])
            #expect(again.status == 73 && again.error.contains("exists; pass --force to overwrite it"))
            #expect(try Program.run(["init", "--config", Self.example, "--output", model, "--force"]).status == 0)
        }
    }

    @Test func whatIsMissingOrWrongIsSaidInOneLine() throws {
        try Program.withFolder { folder in
            let description = folder + "/model.yml"
            try "transformer:\n  width: 9\n".write(toFile: description, atomically: true, encoding: .utf8)
            for (arguments, status, reason) in [
                (["--config", folder + "/none.yml"], Int32(66), "none.yml: cannot be read"),
                (["--config", Self.example, "--text", folder + "/none.txt"], 66, "none.txt: cannot be read"),
                (["--config", description], 65, "model.yml:2: transformer.width cannot be set"),
            ] {
                let outcome = try Program.run(["init"] + arguments + ["--output", folder + "/model"])
                #expect(outcome.status == status && outcome.error.contains(reason), "\(outcome.error)")
                #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)")
            }
        }
    }
}
