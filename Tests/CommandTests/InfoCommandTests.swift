import Foundation
import Testing

@Suite struct InfoCommandTests {
    @Test func infoShowsTheMachineAndTheParts() throws {
        let outcome = try Program.run(["info", Program.checkpoint])
        #expect(outcome.status == 0)
        for word in ["omnigen2", "libtorch", "threads", "devices", "features", "kernels", "cache"] {
            #expect(outcome.output.contains("\n\(word) ") || outcome.output.hasPrefix(word), "\(word)")
        }
        #expect(outcome.output.contains("transformer  147 tensors"))
        #expect(outcome.output.contains("complete     yes"))
    }

    @Test func anIncompleteModelIsShownAndIsAnError() throws {
        try Program.withFolder { folder in
            let model = folder + "/model"
            try FileManager.default.copyItem(atPath: Program.checkpoint, toPath: model)
            try FileManager.default.removeItem(atPath: model + "/vae/config.json")
            let outcome = try Program.run(["info", model])
            #expect(outcome.status == 65)
            #expect(outcome.output.contains("complete     no"))
            #expect(outcome.error.contains("vae/config.json is missing"))
        }
    }
}
