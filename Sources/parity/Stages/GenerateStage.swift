import Imaging
import Layers
import OmniGen2
import QwenVL
import Torch

extension Stage {
    /// Generated token ids and text. From a near tie on, rounding may choose other tokens than the original's.
    static let generate = Stage(name: "generate", files: ["generate.json"]) { goldens in
        let file = "generate.json"
        let cases = try goldens.json(file)
        let writer = try RecordedText(goldens)
        for (index, item) in (cases["cases"]?.array ?? []).enumerated() {
            try writer.compare(file, "\(index)", item)
        }
        for (index, item) in (cases["first_token"]?.array ?? []).enumerated() {
            let prompt = try writer.prompt(item)
            let ids = try writer.generate(prompt, .greedy, maximumTokens: 1, stopStrings: []).ids
            let margin = item["top1_top2_margin"]?.double ?? .infinity
            goldens.check(
                file, case: "first_token.\(index)", ids == [item["token"]?.int ?? -1] || margin < RecordedText.nearTie)
        }
    }
}

/// Makes the text of recorded cases with our generator, and compares.
struct RecordedText {
    /// Scores closer than this may change places by rounding alone.
    static let nearTie = 0.01

    private let goldens: Goldens
    private let generator: TextGenerator
    private let tower: VisionTower
    private let sampling: TextSampling

    @Engine
    init(_ goldens: Goldens) throws {
        self.goldens = goldens
        let configuration = try goldens.modelFolder().generationConfiguration()
        generator = TextGenerator(
            try goldens.languageModel(), try goldens.tokenizer(), stopTokens: configuration.stopTokens)
        tower = try goldens.visionTower()
        sampling = configuration.sampling
    }

    /// The chat pipeline's prompt for a case's text and pictures.
    @Engine
    func prompt(_ item: JSONValue) throws -> ImagePrompt {
        let images = try (item["images"]?.array ?? []).map {
            try tower.features(goldens.image($0), device: goldens.device)
        }
        let text = ChatTemplate.chatPrompt(item["prompt"]?.string ?? "", imageCount: images.count)
        return try ImagePrompt(text, images: images, generator.tokenizer, generator.model.configuration)
    }

    /// Last hidden states of a prompt, [L, D].
    @Engine
    func states(_ prompt: ImagePrompt) throws -> Tensor {
        let embeddings = try prompt.embeddings(generator.model)
        return try generator.model(PackedTokens(embeddings, lengths: [prompt.ids.count]), prompt.positions).tokens
    }

    @Engine
    func generate(
        _ prompt: ImagePrompt, _ sampling: TextSampling, maximumTokens: Int,
        stopStrings: [String] = TextGenerator.stopStrings
    ) throws -> GeneratedText {
        try generator(
            prompt, state: TextState(generator.model.configuration), sampling: sampling,
            maximumTokens: maximumTokens, stopStrings: stopStrings)
    }

    /// A case of generate.json.
    @Engine
    func compare(_ file: String, _ name: String, _ item: JSONValue) throws {
        let prompt = try prompt(item)
        let count = item["images"]?.array?.count ?? 0
        let text = ChatTemplate.chatPrompt(item["prompt"]?.string ?? "", imageCount: count)
        goldens.check(file, case: "\(name).text", text == item["text"]?.string)
        goldens.check(file, case: "\(name).input_ids", prompt.ids == item["input_ids"]?.ints)
        var penalized = TextSampling.greedy
        penalized.repetitionPenalty = 1.05
        for (key, margins, sampling) in [
            ("greedy_no_penalty", "margins_no_penalty", TextSampling.greedy),
            ("greedy_penalty_1_05", "margins_penalty", penalized),
        ] {
            guard let ids = item[key]?.ints else { continue }
            let reply = try generate(prompt, sampling, maximumTokens: ids.count, stopStrings: [])
            goldens.check(
                file, case: "\(name).\(key)", Self.agree(reply.ids, ids, Self.firstTie(item[margins])))
        }
        let prefix = "as_chat_pipeline_max"
        for (key, value) in item.members ?? [:] where key.hasPrefix(prefix) {
            let reply = try generate(prompt, sampling, maximumTokens: Int(key.dropFirst(prefix.count)) ?? 0)
            let tie = Self.firstTie(item["margins_penalty"])
            goldens.check(file, case: "\(name).\(key)", Self.agree(reply.ids, value.ints ?? [], tie))
            goldens.check(
                file, case: "\(name).chat_text",
                tie != nil || generator.tokenizer.decode(reply.ids) == item["chat_text"]?.string)
        }
    }

    /// The text half of a case of chat_cases.json: ids of the prompt, and the reply where one is recorded.
    ///
    /// - Returns: the reply as the original's chat pipeline shows it.
    @discardableResult
    @Engine
    func compareChat(_ file: String, _ name: String, _ item: JSONValue) throws -> String {
        let prompt = try prompt(item)
        goldens.check(file, case: "\(name).input_ids", prompt.ids == item["input_ids"]?.ints)
        let reply = try generate(prompt, sampling, maximumTokens: TextGenerator.maximumTokens)
        let text = generator.tokenizer.decode(reply.ids)
        let tie = item["generated_first_near_tie"]?.int
        if let ids = item["generated_ids"]?.ints {
            goldens.check(file, case: "\(name).generated_ids", Self.agree(reply.ids, ids, tie))
        }
        if let recorded = item["generated_text_max256"]?.string {
            goldens.check(file, case: "\(name).generated_text", tie != nil || text == recorded)
        }
        let shown = text.split(separator: "<|im_end|>", omittingEmptySubsequences: false).joined()
        if let recorded = item["text"]?.string {
            goldens.check(file, case: "\(name).text", tie != nil || shown == recorded)
        }
        return shown
    }

    private static func firstTie(_ margins: JSONValue?) -> Int? {
        (margins?.array ?? []).firstIndex { ($0.double ?? 0) < nearTie }
    }

    /// Whether ids agree, or agree up to a near tie.
    private static func agree(_ ids: [Int], _ recorded: [Int], _ tie: Int?) -> Bool {
        if ids == recorded { return true }
        return tie.map { ids.count > $0 && ids.prefix($0) == recorded.prefix($0) } ?? false
    }
}
