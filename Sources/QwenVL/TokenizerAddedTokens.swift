/// A token that is cut out of the text before byte-pair encoding.
package struct TokenizerAddedToken: Sendable, Equatable {
    package var id: Int
    package var content: String
    /// Left out by a decoding that skips special tokens.
    var isSpecial = false
    /// Looked for in the normalised text instead of the raw one.
    var isNormalized = false
    /// The token swallows the white space before or after it.
    var stripsLeft = false
    var stripsRight = false
    /// The token counts only where no word character touches it.
    var isSingleWord = false
}

extension TokenizerAddedToken {
    /// A token that marks something and is no text.
    package init(special content: String, id: Int) {
        self.init(id: id, content: content, isSpecial: true)
    }
}

/// The added tokens of a tokenizer, and the search for them: leftmost, then longest.
///
/// Source: `AddedVocabulary` of Hugging Face's tokenizers.
package struct TokenizerAddedTokens: Sendable {
    /// A stretch of the text: an added token, or text that is none.
    package struct Piece {
        package var range: Range<Int>
        package var id: Int?
    }

    private struct Pattern: Sendable {
        var bytes: [UInt8]
        var token: TokenizerAddedToken
    }

    private let tokenByID: [Int: TokenizerAddedToken]
    private let idByContent: [String: Int]
    /// By first byte, longest first.
    private let rawPatterns: [UInt8: [Pattern]]
    private let normalizedPatterns: [UInt8: [Pattern]]

    /// `normalize` is applied to the tokens that are looked for in normalised text.
    package init(_ tokens: [TokenizerAddedToken], normalize: (ArraySlice<UInt8>) -> ArraySlice<UInt8>) {
        tokenByID = Dictionary(tokens.map { ($0.id, $0) }) { first, _ in first }
        idByContent = Dictionary(tokens.map { ($0.content, $0.id) }) { first, _ in first }
        let patterns = tokens.map { token in
            let bytes = ArraySlice(token.content.utf8)
            return Pattern(bytes: Array(token.isNormalized ? normalize(bytes) : bytes), token: token)
        }
        rawPatterns = Self.byFirstByte(patterns.filter { !$0.token.isNormalized })
        normalizedPatterns = Self.byFirstByte(patterns.filter { $0.token.isNormalized })
    }

    private static func byFirstByte(_ patterns: [Pattern]) -> [UInt8: [Pattern]] {
        let sorted = patterns.filter { !$0.bytes.isEmpty }.sorted { $0.bytes.count > $1.bytes.count }
        return Dictionary(grouping: sorted) { $0.bytes[0] }
    }

    func token(of id: Int) -> TokenizerAddedToken? { tokenByID[id] }

    func id(of content: String) -> Int? { idByContent[content] }

    var ids: some Collection<Int> { tokenByID.keys }

    /// Cuts at the tokens that are looked for in raw text.
    package func splitRaw(_ text: ArraySlice<UInt8>) -> [Piece] { Self.split(text, at: rawPatterns) }

    /// Cuts at the tokens that are looked for in normalised text.
    func splitNormalized(_ text: ArraySlice<UInt8>) -> [Piece] { Self.split(text, at: normalizedPatterns) }

    private static func split(_ text: ArraySlice<UInt8>, at patterns: [UInt8: [Pattern]]) -> [Piece] {
        guard !patterns.isEmpty else { return text.isEmpty ? [] : [Piece(range: text.indices)] }
        let hasPattern = (0...255).map { patterns[$0] != nil }
        var pieces: [Piece] = []
        var textStart = text.startIndex
        var position = text.startIndex
        while position < text.endIndex {
            guard hasPattern[Int(text[position])], let candidates = patterns[text[position]],
                let match = candidates.first(where: { text[position...].starts(with: $0.bytes) })
            else {
                position += 1
                continue
            }
            var range = position..<position + match.bytes.count
            position = range.upperBound
            if match.token.isSingleWord, touchesWord(range, in: text) { continue }
            if match.token.stripsLeft { range = max(spaceStart(before: range, in: text), textStart)..<range.upperBound }
            if match.token.stripsRight { range = range.lowerBound..<spaceEnd(after: range, in: text) }
            if textStart < range.lowerBound { pieces.append(Piece(range: textStart..<range.lowerBound)) }
            pieces.append(Piece(range: range, id: match.token.id))
            textStart = range.upperBound
        }
        if textStart < text.endIndex { pieces.append(Piece(range: textStart..<text.endIndex)) }
        return pieces
    }

    private static func scalar(before end: Int, in text: ArraySlice<UInt8>) -> Unicode.Scalar? {
        var start = end
        repeat {
            guard start > text.startIndex else { return nil }
            start -= 1
        } while text[start] & 0xC0 == 0x80
        return String(decoding: text[start..<end], as: UTF8.self).unicodeScalars.first
    }

    private static func scalar(after start: Int, in text: ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard start < text.endIndex else { return nil }
        var end = start + 1
        while end < text.endIndex, text[end] & 0xC0 == 0x80 { end += 1 }
        return String(decoding: text[start..<end], as: UTF8.self).unicodeScalars.first
    }

    private static func spaceStart(before range: Range<Int>, in text: ArraySlice<UInt8>) -> Int {
        var start = range.lowerBound
        while let scalar = scalar(before: start, in: text), scalar.properties.isWhitespace {
            start -= UTF8.width(scalar)
        }
        return start
    }

    private static func spaceEnd(after range: Range<Int>, in text: ArraySlice<UInt8>) -> Int {
        var end = range.upperBound
        while let scalar = scalar(after: end, in: text), scalar.properties.isWhitespace { end += UTF8.width(scalar) }
        return end
    }

    private static func touchesWord(_ range: Range<Int>, in text: ArraySlice<UInt8>) -> Bool {
        let neighbours = [
            scalar(before: range.lowerBound, in: text), scalar(after: range.upperBound, in: text),
        ]
        return neighbours.contains { $0.map(isWordCharacter) ?? false }
    }

    /// `\w`: letters, marks, decimal digits, letter-like numbers and connecting punctuation.
    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: true
        default: scalar.properties.isAlphabetic || scalar.properties.isJoinControl
        }
    }
}
