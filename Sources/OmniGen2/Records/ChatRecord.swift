/// What a PNG of ours says about one turn of the conversation it is of.
package struct ChatRecord: Codable, Equatable, Sendable {
    package let message: String
    package let sources: [SourceFile]
    /// The reply's text; empty when it was a picture.
    package let reply: String

    package init(message: String, sources: [SourceFile], reply: String) {
        (self.message, self.sources, self.reply) = (message, sources, reply)
    }
}
