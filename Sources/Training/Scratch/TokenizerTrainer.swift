import QwenVL

/// Learns a byte-level byte-pair encoding from lines of text, cut as Qwen2's tokenizer cuts them.
///
/// The pair that stands most often side by side is joined first; among equals, the one with the smaller ids. So the
/// result depends on what was read, not on its order. Source: `BpeTrainer` of Hugging Face's tokenizers.
package struct TokenizerTrainer {
    private let vocabularySize: Int
    private let wholeTexts: [String]
    private let specialTokens: TokenizerAddedTokens
    /// How often each piece of text was read.
    private var counts: [[UInt8]: Int] = [:]
    private var byteCount = 0

    /// What stands around every prompt.
    package static let standingTexts = [
        ChatTemplate.trainingPrompt(""), ChatTemplate.trainingPrompt(nil),
        ChatTemplate.render([.init(.user, "")], addsGenerationPrompt: true),
        ChatTemplate.chatPrompt("", imageCount: 1),
    ]

    /// - Parameters:
    ///   - vocabularySize: tokens at most, the special ones included.
    ///   - wholeTexts: texts of which every word becomes one token.
    package init(vocabularySize: Int, wholeTexts: [String] = standingTexts) {
        self.vocabularySize = vocabularySize
        self.wholeTexts = wholeTexts
        let tokens = TrainedTokenizer.specialTokens.enumerated().map {
            TokenizerAddedToken(special: $1, id: $0)
        }
        specialTokens = TokenizerAddedTokens(tokens) { $0 }
    }

    /// Reads a line. Special tokens in it are no text.
    package mutating func add(_ line: String) {
        for piece in pieces(of: line) {
            counts[piece, default: 0] += 1
            byteCount += piece.count
        }
    }

    private func pieces(of text: String) -> [[UInt8]] {
        let bytes = ArraySlice(text.utf8)
        return specialTokens.splitRaw(bytes).filter { $0.id == nil }.flatMap { stretch in
            let text = TokenizerNormalization.composed(bytes[stretch.range])
            return TokenizerPreTokenizer.pieces(of: text).map { Array(text[$0]) }
        }
    }

    /// The tokenizer of what was read so far.
    ///
    /// - Throws: `TrainingError.option` when the vocabulary has no room for the words that must become one token.
    package func train() throws(TrainingError) -> TrainedTokenizer {
        let wholeWords = Set(wholeTexts.flatMap(pieces))
        var weighted = counts
        // More than any pair can have of the lines: the words of the standing texts come first.
        for word in wholeWords { weighted[word, default: 0] += byteCount + 1 }
        var pairs = AdjacentPairs(weighted.sorted { $0.key.lexicographicallyPrecedes($1.key) })
        var tokenizer = TrainedTokenizer()
        while tokenizer.size < vocabularySize, let pair = pairs.mostFrequent() {
            pairs.join(pair, to: tokenizer.append(pair))
        }
        let broken = wholeWords.filter { tokenizer.token(of: $0) == nil }
        guard broken.isEmpty else {
            throw .option(
                "a vocabulary of \(vocabularySize) tokens is too small: \(broken.count) words of the standing prompts are "
                    + "not one token, such as '\(broken.map { String(decoding: $0, as: UTF8.self) }.min() ?? "")'")
        }
        return tokenizer
    }
}
