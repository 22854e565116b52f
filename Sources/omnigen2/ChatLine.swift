/// A line of a conversation: a message, or a command that begins with a slash.
enum ChatLine: Equatable {
    case message(String)
    case image(String)
    case drop
    case save(String?)
    case seed(UInt64)
    case reset
    case help
    case quit
    case nothing

    /// - Throws: `CommandError` for a command that there is not, or one that lacks its argument.
    init(_ line: String) throws {
        let line = line.trimmed
        guard line.hasPrefix("/") else {
            self = line.isEmpty ? .nothing : .message(line)
            return
        }
        let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        let argument = parts.count > 1 ? parts[1].trimmed : nil
        switch (parts[0], argument) {
        case ("/image", let path?): self = .image(Self.path(path))
        case ("/drop", nil): self = .drop
        case ("/save", let path): self = .save(path.map(Self.path))
        case ("/seed", let text?):
            guard let seed = UInt64(text) else {
                throw CommandError(.usage, "/seed takes a number of 0 or more, got '\(text)'")
            }
            self = .seed(seed)
        case ("/reset", nil): self = .reset
        case ("/help", nil), ("/?", nil): self = .help
        case ("/quit", nil), ("/exit", nil): self = .quit
        case ("/image", nil): throw CommandError(.usage, "/image takes the path of a picture")
        case ("/seed", nil): throw CommandError(.usage, "/seed takes a number")
        case (let command, _):
            throw CommandError(.usage, "\(command) is no command, or takes nothing; /help lists them")
        }
    }

    /// A path as terminals paste it: in quotes, or with escaped blanks.
    private static func path(_ text: String) -> String {
        for quote in ["'", "\""] where text.count > 1 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return text.split(separator: "\\ ", omittingEmptySubsequences: false).joined(separator: " ")
    }

    /// What `/help` says.
    static let commands = """
        /image PATH   a picture goes with the next message
        /drop         no picture goes with the next message, not even the one just drawn
        /save [PATH]  the picture just drawn once more, there or under the next free number
        /seed N       the seed of the next picture, and of text
        /reset        forget what was said
        /quit         leave, as does the end of the input; Ctrl-C stops a reply

        """
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
