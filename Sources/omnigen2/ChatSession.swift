import Imaging
import OmniGen2

/// A picture that goes with a message, and the file it is of.
struct AttachedPicture {
    let source: SourceFile
    let image: Image

    /// - Throws: `CommandError` or `ImageError` when the file cannot be read.
    init(_ path: String, _ display: ProgressDisplay) throws {
        source = try SourceFile(reading: path)
        image = try source.picture(warn: display.warning)
    }
}

/// A conversation on the command line.
struct ChatSession {
    private var record: GenerationRecord
    private var textOptions: TextOptions
    private let output: OutputOptions
    private let display: ProgressDisplay
    private let model: OmniGen2
    private let conversation: Conversation
    /// Pictures that go with the next message.
    private var attached: [AttachedPicture]
    /// Pictures of the last reply, with what is written into their files.
    private var drawn: (images: [Image], record: GenerationRecord)?
    /// Whether the last picture goes with the next message.
    private var carriesPicture = false

    /// - Parameters:
    ///   - attached: what goes with the first message.
    ///   - record: how pictures are drawn, and `text` how text is.
    init(
        with model: OmniGen2, attached: [AttachedPicture], _ record: GenerationRecord, _ text: TextOptions,
        _ output: OutputOptions, _ display: ProgressDisplay
    ) {
        self.model = model
        conversation = model.conversation()
        self.attached = attached
        self.record = record
        textOptions = text
        self.output = output
        self.display = display
        self.record.conversation = []
    }

    /// Takes lines from standard input until there are no more. A person at a terminal may err; a script may not.
    mutating func run() async throws {
        if Terminal.isInteractive { display.message("/help lists the commands; Ctrl-D leaves") }
        while let line = nextLine() {
            do {
                let line = try ChatLine(line)
                if line == .quit { return }
                try await take(line)
            } catch let error as CommandError where error.status == .interrupted && Terminal.isInteractive {
                display.message("interrupted; the conversation is as it was before the message")
            } catch {
                guard Terminal.isInteractive, ExitStatus(error) != nil else { throw error }
                display.message("error: \(error)")
            }
        }
        if Terminal.isInteractive { Terminal.writeError("\n") }
    }

    private func nextLine() -> String? {
        if Terminal.isInteractive {
            let pictures = attached.count + (carriesPicture ? 1 : 0)
            let note = pictures == 0 ? "" : pictures == 1 ? "[1 picture] " : "[\(pictures) pictures] "
            Terminal.writeError(note + "> ")
        }
        return readLine()
    }

    private mutating func take(_ line: ChatLine) async throws {
        switch line {
        case .nothing, .quit: break
        case .message(let message): try await send(message, to: nil)
        case .image(let path): attached.append(try AttachedPicture(path, display))
        case .drop:
            attached = []
            carriesPicture = false
            await conversation.dropPicture()
        case .save(let path): try save(path)
        case .seed(let seed):
            record.seed = seed
            textOptions.seed = seed
        case .reset:
            await conversation.reset()
            (attached, drawn, carriesPicture, record.conversation) = ([], nil, false, [])
        case .help: Terminal.writeError(ChatLine.commands)
        }
    }

    /// Sends a message and shows the reply.
    ///
    /// - Parameter files: where its pictures go; `nil` takes the next free numbers.
    mutating func send(_ message: String, to files: OutputFiles?) async throws {
        let reply = try await reply(to: message)
        show(reply)
        let turn = ChatRecord(message: message, sources: attached.map(\.source), reply: reply.text.text)
        record.conversation?.append(turn)
        attached = []
        carriesPicture = !reply.pictures.isEmpty
        guard carriesPicture else { return }
        record.prompt = message
        let drawn = (images: reply.pictures, record: record)
        self.drawn = drawn
        // The next picture is another one, should the same be asked for again.
        record.seed &+= 1
        try display.save(
            drawn.images, drawn.record, to: files ?? OutputFiles(free: output.output, count: drawn.images.count))
    }

    private func reply(to message: String) async throws -> ChatReply {
        var options = ChatOptions()
        options.text = textOptions
        options.picture = record.request
        // At a terminal only the reply is interrupted, otherwise the program.
        return try await cancelledByInterruption(signals: Terminal.interruptions) {
            [model, conversation, options, display, images = attached.map(\.image)] in
            try await model.chat(message, images: images, in: conversation, options: options) { display.show($0) }
        }
    }

    private func show(_ reply: ChatReply) {
        let text = reply.text
        display.event(
            "reply",
            [
                "text": .string(text.text), "finishReason": .string(text.finishReason.rawValue),
                "promptTokens": .int(text.promptTokens), "prefilledTokens": .int(text.prefilledTokens),
                "replyTokens": .int(text.replyTokens), "pictures": .int(reply.pictures.count),
                "seconds": .double(text.seconds),
            ])
        if !display.isJSON, reply.pictures.isEmpty { Terminal.write("\n") }
        if Terminal.errorIsTerminal, !display.isJSON { display.message(text.summary) }
    }

    /// Writes the last pictures once more.
    private func save(_ path: String?) throws {
        guard let drawn else { throw CommandError(.usage, "there is no picture to save yet") }
        let count = drawn.images.count
        let files = path.map { OutputFiles($0, count: count) } ?? OutputFiles(free: output.output, count: count)
        try files.prepare(force: output.force)
        try display.save(drawn.images, drawn.record, to: files)
    }
}

extension ProgressDisplay {
    /// News of a turn.
    fileprivate func show(_ event: ChatEvent) {
        switch event {
        case .text(let text):
            if isJSON { self.event("text", ["text": .string(text)]) } else { Terminal.write(text) }
        case .drawing: begin()
        case .progress(let progress): show(progress)
        case .finished: break
        }
    }
}
