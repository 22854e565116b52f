import Layers
import QwenVL
import Torch

/// Text to the hidden states the transformer reads.
///
/// Source: `encode_prompt` of `omnigen2/pipelines/omnigen2/pipeline_omnigen2.py`.
package struct PromptEncoder {
    package let tokenizer: Tokenizer
    package let languageModel: LanguageModel
    package let cache = TextStateCache()

    /// How much of a cut prompt's rest a warning shows.
    private static let quotedTokens = 16

    package init(tokenizer: Tokenizer, languageModel: LanguageModel) {
        self.tokenizer = tokenizer
        self.languageModel = languageModel
    }

    /// Token ids of a rendered prompt, cut to `maxTokens`; says so in `warn`.
    package func tokens(_ rendered: String, maxTokens: Int, warn: (String) -> Void = { _ in }) throws -> [Int] {
        let ids = tokenizer.encode(rendered)
        guard ids.count > maxTokens else { return ids }
        let lost = tokenizer.decode(Array(ids[maxTokens...].prefix(Self.quotedTokens)), skipSpecialTokens: true)
        let line = lost.map { $0.isNewline || $0.unicodeScalars.contains { $0.value < 32 } ? " " : $0 }
        warn("has \(ids.count) tokens, \(maxTokens) are read; left out: \(String(line)) ...")
        return Array(ids[..<maxTokens])
    }

    /// Last hidden states of a prompt, [L, D].
    ///
    /// Each prompt is computed by itself: its states, to the last bit, must not depend on its company.
    package func callAsFunction(_ ids: [Int]) throws -> Tensor {
        try cache.states(ids) { ids in try states([ids])[0] }
    }

    /// Last hidden states of prompts that are read together and not kept, each [L, D]. Of one prompt they are those of the
    /// call above; the company of others may change their last bits.
    package func states(_ prompts: [[Int]]) throws -> [Tensor] {
        let embeddings = PackedTokens(try languageModel.embed(Array(prompts.joined())), lengths: prompts.map(\.count))
        let positions = prompts.flatMap { MultimodalPosition.text(0..<$0.count) }
        return try languageModel(embeddings, positions).sequences()
    }
}
