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
        try cache.states(ids) { ids in
            let embeddings = try PackedTokens([languageModel.embed(ids)])
            return try languageModel(embeddings, MultimodalPosition.text(0..<ids.count)).tokens
        }
    }
}
