/// Token rows of one length, the shorter ones filled up with padding.
package struct TokenBatch: Equatable, Sendable {
    /// Where padding goes: right for hidden states, left for generation.
    package enum Side: Sendable { case left, right }

    /// [B, L]
    package var ids: [[Int]]
    /// [B, L], 1 for a token of the text, 0 for padding.
    package var attentionMask: [[Int]]
}

extension Tokenizer {
    /// Encodes texts into rows as long as the longest, each cut to its first `maximumLength` tokens if that is given.
    ///
    /// Source: the call of the tokenizer in `OmniGen2Pipeline._get_qwen2_prompt_embeds` (padding "longest").
    /// Throws `TokenizerError` if rows differ in length and the tokenizer names no padding token.
    package func encodeBatch(
        _ texts: [String], maximumLength: Int? = nil, paddingSide: TokenBatch.Side = .right
    ) throws(TokenizerError) -> TokenBatch {
        let rows = texts.map { text in
            let ids = encode(text)
            return maximumLength.map { Array(ids.prefix(max(0, $0))) } ?? ids
        }
        let length = rows.map(\.count).max() ?? 0
        var batch = TokenBatch(ids: [], attentionMask: [])
        for row in rows {
            var padding: [Int] = []
            if row.count < length {
                guard let paddingID else {
                    throw .malformed(
                        path: "tokenizer_config.json", what: "pad_token", expected: "a token of the vocabulary",
                        got: "none")
                }
                padding = Array(repeating: paddingID, count: length - row.count)
            }
            let tokens = Array(repeating: 1, count: row.count)
            let filler = Array(repeating: 0, count: padding.count)
            batch.ids.append(paddingSide == .right ? row + padding : padding + row)
            batch.attentionMask.append(paddingSide == .right ? tokens + filler : filler + tokens)
        }
        return batch
    }
}
