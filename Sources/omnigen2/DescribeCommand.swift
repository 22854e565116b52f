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

    @Option(
        help: ArgumentHelp(
            "Model folder in the published layout, or a Hugging Face repository.", valueName: "model"))
    var model = "OmniGen2/OmniGen2"

    @Option(help: ArgumentHelp("Number type: fp32, fp16 or bf16.", valueName: "type"))
    var dtype = OmniGen2.Precision.bfloat16.rawValue

    @Option(help: ArgumentHelp("Seed of the draws.", valueName: "n"))
    var seed: UInt64 = 0

    @Flag(help: "Report text and progress as JSON lines on standard output.")
    var json = false

    @OptionGroup(title: "Text")
    var text: TextSamplingOptions

    @OptionGroup(title: "Engine")
    var engine: EngineOptions

    mutating func validate() throws {
        guard OmniGen2.Precision(rawValue: dtype) != nil else {
            let types = OmniGen2.Precision.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--dtype must be one of \(types), got '\(dtype)'")
        }
    }

    func run() async throws {
        let pictures = try images.map { try StillPicture(path: $0).image }
        let display = ProgressDisplay(json: json)
        var configuration = OmniGen2.Configuration()
        configuration.precision = OmniGen2.Precision(rawValue: dtype) ?? .bfloat16
        configuration.device = engine.device
        configuration.threads = engine.threads
        configuration.libtorch = engine.libtorch
        let folder = try await ModelLocation(model).resolve(progress: display.download, warn: display.warning)
        if Terminal.errorIsTerminal { display.message("loading \(model)") }
        let loaded = try await OmniGen2(folder: folder, configuration: configuration, for: .text)
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
            let speed = Double(reply.replyTokens) / max(reply.seconds, 1e-9)
            let tenths = Int(min(speed * 10, 1e9))
            display.message(
                "\(reply.promptTokens) tokens read, \(reply.replyTokens) written, "
                    + "\(Duration.seconds(reply.seconds).text), \(tenths / 10).\(tenths % 10) tokens/s")
        }
    }
}
