/// Qwen2's tokenizer: byte-level byte-pair encoding after canonical composition.
///
/// Source: `Qwen2TokenizerFast` of transformers and the tokenizers library behind it.
package struct Tokenizer: Sendable {
    private let vocabulary: TokenizerVocabulary
    private let merges: BytePairEncoding
    private let addedTokens: TokenizerAddedTokens
    private let composes: Bool
    /// The number of tokens, added ones included: `len(tokenizer)` of the original.
    package let vocabularySize: Int
    /// The token that fills the shorter rows of a batch, nil if the files name none.
    package let paddingID: Int?

    /// Reads the tokenizer of a checkpoint's `processor` folder: `tokenizer.json`, or else `vocab.json` and
    /// `merges.txt`; in both cases with the added tokens of `tokenizer_config.json` or `added_tokens.json`.
    ///
    /// Throws `TokenizerError` for a missing or broken file, a merge of unknown tokens, or a tokenizer of another kind.
    package init(folder: String) throws {
        self.init(try TokenizerFiles(folder: folder).read())
    }

    init(_ components: TokenizerComponents) {
        vocabulary = components.vocabulary
        merges = components.merges
        composes = components.composes
        addedTokens = TokenizerAddedTokens(components.addedTokens) {
            components.composes ? TokenizerNormalization.composed($0) : $0
        }
        let known = addedTokens.ids.filter { components.vocabulary.spelling(of: $0) != nil }.count
        vocabularySize = vocabulary.count + addedTokens.ids.count - known
        paddingID = components.paddingToken.flatMap { [addedTokens, vocabulary] token in
            addedTokens.id(of: token) ?? vocabulary.id(of: Array(token.utf8))
        }
    }

    /// The tokens of a text. Added tokens that stand in the text are recognised; none is put around it.
    package func encode(_ text: String) -> [Int] {
        let bytes = ArraySlice(text.utf8)
        var ids: [Int] = []
        for piece in addedTokens.splitRaw(bytes) {
            if let id = piece.id { ids.append(id) } else { encodeRaw(bytes[piece.range], into: &ids) }
        }
        return ids
    }

    private func encodeRaw(_ raw: ArraySlice<UInt8>, into ids: inout [Int]) {
        let text = composes ? TokenizerNormalization.composed(raw) : raw
        for piece in addedTokens.splitNormalized(text) {
            if let id = piece.id {
                ids.append(id)
            } else {
                for range in TokenizerPreTokenizer.pieces(of: text[piece.range]) {
                    merges.encode(text[range], into: &ids)
                }
            }
        }
    }

    /// The text of tokens. Bytes that are no UTF-8 become U+FFFD; ids without a token are passed over.
    package func decode(_ ids: [Int], skipSpecialTokens: Bool = false) -> String {
        var bytes: [UInt8] = []
        for id in ids where !(skipSpecialTokens && isSpecial(id)) { bytes += self.bytes(of: id) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes a token stands for, which may be a part of a character; none for an id without a token.
    package func bytes(of id: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        if let added = addedTokens.token(of: id) {
            TokenizerByteLevel.appendBytes(ofSpelling: added.content.utf8, to: &bytes)
        } else if let spelling = vocabulary.spelling(of: id) {
            TokenizerByteLevel.appendBytes(ofSpelling: spelling, to: &bytes)
        }
        return bytes
    }

    /// Whether a token marks something and is no text.
    package func isSpecial(_ id: Int) -> Bool { addedTokens.token(of: id)?.isSpecial ?? false }

    /// The id of a token in the spelling of its file: "<|im_end|>", "Ġthe".
    package func id(of token: String) -> Int? {
        addedTokens.id(of: token) ?? vocabulary.id(of: Array(token.utf8))
    }

    /// The spelling of a token in its file, nil for an id without a token.
    package func token(of id: Int) -> String? {
        if let added = addedTokens.token(of: id) { return added.content }
        return vocabulary.spelling(of: id).map { String(decoding: $0, as: UTF8.self) }
    }
}
