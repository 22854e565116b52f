extension Stage {
    /// The text half of the chat: prompts, and the replies where they were recorded.
    static let chatText = Stage(name: "chat_text", files: ["chat_cases.json"]) { goldens in
        let file = "chat_cases.json"
        let writer = try RecordedText(goldens)
        for (name, item) in (try goldens.json(file).members ?? [:]).sorted(by: { $0.key < $1.key }) {
            try writer.compareChat(file, name, item)
        }
    }
}
