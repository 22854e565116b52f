import QwenVL
import Torch

/// What a picture reads of a conversation: the states of its text, not those of its pictures' tokens, which reach the
/// picture as references.
///
/// Source: `_get_qwen2_prompt_embeds` of `omnigen2/pipelines/omnigen2/pipeline_omnigen2_chat.py`.
package enum ChatStates {
    /// - Parameters:
    ///   - states: last hidden states of a chat prompt, [L, D], and `ids` its tokens.
    ///   - negativePrompt: `nil` when no step is guided.
    package static func states(
        _ states: Tensor, ids: [Int], negativePrompt: String?, _ encoder: PromptEncoder
    ) throws -> Pipeline.TextStates {
        let pad = encoder.languageModel.configuration.imageTokenID
        let rows = ids.indices.filter { ids[$0] != pad }
        let positive = try states.gathered(0, Tensor(rows, [rows.count]).to(states.device))
        let negative = try negativePrompt.map { text in
            // As many tokens as the model reads; the pipeline cuts to what the picture takes.
            let limit = encoder.languageModel.configuration.maximumTokens
            return try encoder(encoder.tokens(ChatTemplate.chatPrompt(text, imageCount: 0), maxTokens: limit))
        }
        return Pipeline.TextStates(positive: positive, negative: negative)
    }
}
