import ArgumentParser
import OmniGen2
import Torch
import Training

/// `omnigen2 data encode`: what a training run of the transformer reads, computed once beforehand.
struct DataEncodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Encode pictures and instructions once, for training without their models.",
        discussion: """
            Writes the posteriors of the pictures and the states of the instructions of every sample to a folder. A run \
            whose data_path names it trains the transformer on the same draws, and loads neither autoencoder nor \
            language model. A sample that cannot be read is named, counted and left out.
            """)

    @Argument(help: ArgumentHelp("Options of the run, a .yml file.", valueName: "yml"))
    var config: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder to write.", valueName: "dir"))
    var output: String

    @Option(help: ArgumentHelp("Model folder or repository. (default: the one of the options)", valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Pictures and prompts that are computed together; 1 gives the very bits of training from pictures.",
            valueName: "n"))
    var batchSize = 32

    @Flag(help: "Replace encoded samples that are there.")
    var force = false

    @Flag(help: "Report progress as JSON lines on standard output.")
    var json = false

    @OptionGroup(title: "Engine")
    var engine: EngineOptions

    func validate() throws {
        if batchSize < 1 { throw ValidationError("--batch-size must be at least 1, got \(batchSize)") }
    }

    func run() async throws {
        let display = ProgressDisplay(json: json)
        var options = try TrainingOptions(file: config, report: display.warning)
        options.model = model ?? options.model
        let output = self.output.count > 1 && self.output.hasSuffix("/") ? String(self.output.dropLast()) : self.output
        try EncodedFolder.requireFree(output, replaces: force)
        let mixture = try DataMixture(path: options.data.path, report: display.warning)
        try await Engine.load(libtorch: engine.libtorch, threads: engine.threads)
        let model = try await ModelLocation(options.model).resolve(progress: display.download, warn: display.warning)
        let done = try await cancelledByInterruption { [options, engine, batchSize] in
            try await Engine.run {
                let device = try Engine.device(DeviceRequest(rawValue: engine.device) ?? .auto)
                let encoding = try DataEncoding(options, model, mixture, device: device, batchSize: batchSize)
                display.begin()
                return try encoding(
                    to: output, leaveOut: { display.warning("left out: \($0)") }, report: display.encoding)
            }
        }
        display.event(
            "saved", ["path": .string(output), "samples": .int(done.samples), "leftOut": .int(done.leftOut)])
        if !json { display.message("saved \(output): \(done.samples) samples, \(done.leftOut) left out") }
    }
}

extension ProgressDisplay {
    /// How far the encoding of samples is.
    func encoding(_ progress: DataEncoding.Progress) {
        let (done, total) = (progress.samples, progress.total)
        let perSecond = Double(done) / max(elapsed.seconds, 1e-3)
        let left = Duration.seconds(Double(total - done) / max(perSecond, 1e-3)).clock
        event(
            "samples",
            [
                "done": .int(done), "of": .int(total), "leftOut": .int(progress.leftOut),
                "perSecond": .double(perSecond),
            ])
        if Terminal.errorIsTerminal, !isJSON {
            let end = done == total ? "\n" : ""
            let text = "\(done)/\(total) samples  \(Int(perSecond))/s  ETA \(left)"
            Terminal.writeError("\r\u{1B}[K[\(Self.bar(done, of: total))] \(text)\(end)")
        }
    }
}
