import ArgumentParser
import Hub
import Imaging
import OmniGen2

/// `omnigen2 describe`: pictures to text.
struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Say what pictures show, or answer a question.")

    @Argument(help: ArgumentHelp("PNG, JPEG or WebP pictures.", valueName: "image"))
    var images: [String]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("What to ask; the pictures are img1, img2 and so on.", valueName: "text"))
    var question = OmniGen2.defaultQuestion

    @Option(help: ArgumentHelp("Seed of the draws.", valueName: "n"))
    var seed: UInt64 = 0

    @Flag(help: "Report text and progress as JSON lines on standard output.")
    var json = false

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @OptionGroup(title: "Text")
    var text: TextSamplingOptions

    @OptionGroup(title: "Engine")
    var engine: RunOptions

    func run() async throws {
        let display = ProgressDisplay(json: json)
        let pictures = try images.map { path in
            let picture = try StillPicture(path: path)
            for loss in picture.losses { display.warning(loss) }
            return picture.image
        }
        let folder = try await model.location.resolve(
            files: model.files.files, progress: display.download, warn: display.warning)
        model.announce(display)
        if Terminal.errorIsTerminal { display.message("loading \(folder.path)") }
        let loaded = try await OmniGen2(
            folder: folder, configuration: engine.configuration(model.precision ?? .bfloat16, model.quantization),
            for: .text)
        let reply = try await loaded.describe(pictures, question: question, options: text.options(seed: seed)) {
            [json] in
            if json { display.event("text", ["text": .string($0)]) } else { Terminal.write($0) }
        }
        finish(reply, display)
    }

    private func finish(_ reply: TextReply, _ display: ProgressDisplay) {
        if !json { Terminal.write("\n") }
        if reply.asksForPicture { display.warning("the model began to draw instead of answering") }
        display.event(
            "reply",
            [
                "text": .string(reply.text), "finishReason": .string(reply.finishReason.rawValue),
                "promptTokens": .int(reply.promptTokens), "replyTokens": .int(reply.replyTokens),
                "seconds": .double(reply.seconds),
            ])
        if Terminal.errorIsTerminal, !json {
            display.message(reply.summary)
        }
    }
}

extension TextReply {
    /// What it took: "86 tokens, 14 of them read now, 40 written, 2.10 s, 19.0 tokens/s".
    var summary: String {
        let tenths = Int(min(Double(replyTokens) / max(seconds, 1e-9) * 10, 1e9))
        return "\(promptTokens) tokens, \(prefilledTokens) of them read now, \(replyTokens) written, "
            + "\(Duration.seconds(seconds).text), \(tenths / 10).\(tenths % 10) tokens/s"
    }
}
