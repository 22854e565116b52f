import OmniGen2
import QwenVL

extension Stage {
    /// Token ids, decoding, rendered prompts: for the checkpoint's vocabulary, and the full one if the set has it.
    static let tokenizer = Stage(name: "tokenizer", files: ["tokenizer.json", "chat_template.json"]) { goldens in
        let tiny = try goldens.tokenizer()
        let full = try goldens.manifest.full_tokenizer.map { try Tokenizer(folder: goldens.folder + "/" + $0) }
        if goldens.lists("tokenizer.json") { try checkTexts(goldens, tiny, full) }
        if goldens.lists("chat_template.json") { try checkTemplates(goldens, tiny, full) }
    }

    private static func checkTexts(_ goldens: Goldens, _ tiny: Tokenizer, _ full: Tokenizer?) throws {
        let file = "tokenizer.json"
        let cases = try goldens.json(file)
        for (name, tokenizer) in [("tiny", tiny), ("full", full)] {
            guard let tokenizer else { continue }
            for (index, item) in (cases[name]?.array ?? []).enumerated() {
                let ids = item["ids"]?.ints ?? []
                let same =
                    tokenizer.encode(item["text"]?.string ?? "") == ids
                    && tokenizer.decode(ids) == item["decoded"]?.string
                    && tokenizer.decode(ids, skipSpecialTokens: true) == item["decoded_skip_special"]?.string
                goldens.check(file, case: "\(name).\(index)", same)
            }
        }
        guard let full else { return }
        if let item = cases["padding_truncation"] {
            let batch = try full.encodeBatch(
                (item["texts"]?.array ?? []).compactMap(\.string), maximumLength: item["max_length"]?.int,
                paddingSide: item["padding_side"]?.string == "left" ? .left : .right)
            let same =
                batch.ids == (item["input_ids"]?.array ?? []).compactMap(\.ints)
                && batch.attentionMask == (item["attention_mask"]?.array ?? []).compactMap(\.ints)
            goldens.check(file, case: "padding_truncation", same)
        }
        for item in cases["decode_single"]?.array ?? [] {
            let id = item["id"]?.int ?? 0
            goldens.check(file, case: "decode_single.\(id)", full.decode([id]) == item["decoded"]?.string)
        }
    }

    private static func checkTemplates(_ goldens: Goldens, _ tiny: Tokenizer, _ full: Tokenizer?) throws {
        let file = "chat_template.json"
        let cases = try goldens.json(file)
        func check(_ name: String, _ item: JSONValue, _ rendered: String) {
            var same = rendered == item["rendered"]?.string
            if let ids = item["ids_tiny"]?.ints { same = same && tiny.encode(rendered) == ids }
            if let ids = item["ids_full"]?.ints, let full { same = same && full.encode(rendered) == ids }
            goldens.check(file, case: name, same)
        }
        for (index, item) in (cases["pipeline"]?.array ?? []).enumerated() {
            check("pipeline.\(index)", item, ChatTemplate.imagePrompt(item["prompt"]?.string ?? ""))
        }
        for (index, item) in (cases["chat"]?.array ?? []).enumerated() {
            let count = item["n_images"]?.int ?? 0
            check("chat.\(index)", item, ChatTemplate.chatPrompt(item["prompt"]?.string ?? "", imageCount: count))
        }
        for (index, item) in (cases["train"]?.array ?? []).enumerated() {
            let dropped = item["dropped"]?.bool ?? false
            check("train.\(index)", item, ChatTemplate.trainingPrompt(dropped ? nil : item["prompt"]?.string ?? ""))
        }
        for (index, item) in (cases["generic"]?.array ?? []).enumerated() {
            let messages = (item["messages"]?.array ?? []).map(message)
            check(
                "generic.\(index)", item,
                ChatTemplate.render(messages, addsGenerationPrompt: item["add_generation_prompt"]?.bool ?? false))
        }
    }

    private static func message(_ item: JSONValue) -> ChatTemplate.Message {
        let role = ChatTemplate.Role(rawValue: item["role"]?.string ?? "") ?? .user
        guard let parts = item["content"]?.array else { return .init(role, item["content"]?.string ?? "") }
        return .init(role, parts.map { $0["type"]?.string == "image" ? .image : .text($0["text"]?.string ?? "") })
    }
}
