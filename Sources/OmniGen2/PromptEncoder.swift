import Layers
import QwenVL
import Torch

/// Text to the hidden states the transformer reads.
///
/// Source: `encode_prompt` of `omnigen2/pipelines/omnigen2/pipeline_omnigen2.py`.
package struct PromptEncoder {
    package let tokenizer: Tokenizer
    package let languageModel: LanguageModel

    /// How much of a cut prompt's rest a warning shows.
    private static let quotedTokens = 16

    package init(tokenizer: Tokenizer, languageModel: LanguageModel) {
        self.tokenizer = tokenizer
        self.languageModel = languageModel
    }

    /// Token ids of the rendered prompt, cut to `maxTokens`; says so in `warn`.
    package func tokens(_ prompt: String, maxTokens: Int, warn: (String) -> Void = { _ in }) throws -> [Int] {
        let ids = tokenizer.encode(ChatTemplate.imagePrompt(prompt))
        guard ids.count > maxTokens else { return ids }
        let lost = tokenizer.decode(Array(ids[maxTokens...].prefix(Self.quotedTokens)), skipSpecialTokens: true)
        let line = lost.map { $0.isNewline || $0.unicodeScalars.contains { $0.value < 32 } ? " " : $0 }
        warn("has \(ids.count) tokens, \(maxTokens) are read; left out: \(String(line)) ...")
        return Array(ids[..<maxTokens])
    }

    /// Last hidden states of each prompt, [L_i, D], computed as one packed batch.
    package func callAsFunction(_ prompts: [[Int]]) throws -> [Tensor] {
        let embeddings = try PackedTokens(prompts.map { try languageModel.embed($0) })
        let positions = prompts.flatMap { MultimodalPosition.text(0..<$0.count) }
        return try languageModel(embeddings, positions).sequences()
    }
}
