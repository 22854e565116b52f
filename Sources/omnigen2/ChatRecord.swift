/// What a PNG of ours says about one turn of the conversation it is of.
struct ChatRecord: Codable, Equatable {
    let message: String
    let sources: [SourceFile]
    /// The reply's text; empty when it was a picture.
    let reply: String
}
