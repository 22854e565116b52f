/// Cuts text where Qwen2's pre-tokeniser does.
///
/// A hand-written scanner for the one regular expression below: its alternatives are tried in order at each
/// position, each as greedy as the expression's quantifiers.
package struct TokenizerPreTokenizer {
    package static let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private let scalars: [Unicode.Scalar]
    private let classes: [ScalarClass]

    /// The UTF-8 ranges of `bytes`, valid UTF-8, that are encoded each for itself, in order and without gaps.
    package static func pieces(of bytes: ArraySlice<UInt8>) -> [Range<Int>] {
        let scanner = Self(String(decoding: bytes, as: UTF8.self))
        var pieces: [Range<Int>] = []
        var position = 0
        var offset = bytes.startIndex
        while position < scanner.scalars.count {
            let end = scanner.endOfPiece(at: position)
            let length = scanner.scalars[position..<end].reduce(0) { $0 + UTF8.width($1) }
            pieces.append(offset..<offset + length)
            offset += length
            position = end
        }
        return pieces
    }

    private init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        classes = scalars.map(ScalarClass.init)
    }

    private func endOfPiece(at start: Int) -> Int {
        endOfContraction(at: start) ?? endOfWord(at: start) ?? endOfNumber(at: start)
            ?? endOfPunctuation(at: start) ?? endOfSpace(at: start)
    }

    private func classOf(_ position: Int) -> ScalarClass? {
        position < classes.count ? classes[position] : nil
    }

    /// The first position from `start` on whose class is not `member`.
    private func skip(_ member: ScalarClass, from start: Int) -> Int {
        classes[start...].firstIndex { $0 != member } ?? classes.count
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
    private func endOfContraction(at start: Int) -> Int? {
        guard scalars[start] == "'", start + 1 < scalars.count else { return nil }
        switch folded(start + 1) {
        case "s", "t", "m", "d": return start + 2
        case "r", "v": return folded(start + 2) == "e" ? start + 3 : nil
        case "l": return folded(start + 2) == "l" ? start + 3 : nil
        default: return nil
        }
    }

    /// The lower-case form of an ASCII letter; the long s folds to s.
    private func folded(_ position: Int) -> Unicode.Scalar? {
        guard position < scalars.count else { return nil }
        let scalar = scalars[position]
        if scalar == "\u{17F}" { return "s" }
        return ("A"..."Z").contains(scalar) ? Unicode.Scalar(scalar.value + 32) : scalar
    }

    /// `[^\r\n\p{L}\p{N}]?\p{L}+`
    private func endOfWord(at start: Int) -> Int? {
        let letters = classes[start] == .space || classes[start] == .other ? start + 1 : start
        guard classOf(letters) == .letter else { return nil }
        return skip(.letter, from: letters)
    }

    /// `\p{N}`
    private func endOfNumber(at start: Int) -> Int? {
        classes[start] == .number ? start + 1 : nil
    }

    /// ` ?[^\s\p{L}\p{N}]+[\r\n]*`
    private func endOfPunctuation(at start: Int) -> Int? {
        let marks = scalars[start] == " " ? start + 1 : start
        guard classOf(marks) == .other else { return nil }
        return skip(.newline, from: skip(.other, from: marks))
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line break of the run; without one, all of the run at the end of
    /// the text, and all but the last character before anything else.
    private func endOfSpace(at start: Int) -> Int {
        let end = classes[start...].firstIndex { $0 != .space && $0 != .newline } ?? classes.count
        if let lineBreak = classes[start..<end].lastIndex(of: .newline) { return lineBreak + 1 }
        return end == classes.count || end == start + 1 ? end : end - 1
    }
}

/// What the expression tells apart: `\p{L}`, `\p{N}`, `[\r\n]`, the rest of `\s`, everything else.
private enum ScalarClass {
    case letter, number, newline, space, other

    /// The original's expression engine knows Unicode 16: what came later is neither letter nor number.
    private static let tableVersion = 16

    init(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "a"..."z", "A"..."Z": self = .letter
        case "0"..."9": self = .number
        case "\r", "\n": self = .newline
        default: self = scalar.isASCII ? Self.ascii(scalar) : Self.beyondASCII(scalar.properties)
        }
    }

    private static func ascii(_ scalar: Unicode.Scalar) -> Self {
        scalar == " " || ("\t"..."\r").contains(scalar) ? .space : .other
    }

    private static func beyondASCII(_ properties: Unicode.Scalar.Properties) -> Self {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            isInTables(properties) ? .letter : .other
        case .decimalNumber, .letterNumber, .otherNumber:
            isInTables(properties) ? .number : .other
        default:
            properties.isWhitespace ? .space : .other
        }
    }

    private static func isInTables(_ properties: Unicode.Scalar.Properties) -> Bool {
        properties.age.map { $0.major <= tableVersion } ?? false
    }
}
