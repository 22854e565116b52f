/// A header's value with its parameters: `form-data; name="image"; filename="cat.png"` (RFC 2045, section 5.1).
struct HeaderParameters: Sendable {
    /// What stands before the first semicolon, in lower case.
    let value: String
    /// In their order; names in lower case.
    let parameters: [(name: String, value: String)]

    struct Failure: Error {
        /// Bytes from the start of the text.
        let offset: Int
        let reason: String
    }

    /// Throws what is wrong, and where. A parameter may stand once only: of two, programs take different ones.
    init(parsing text: some Sequence<UInt8>) throws(Failure) {
        var reader = Reader(bytes: Array(text))
        reader.skipSpaces()
        value = try reader.word(where: { $0 == UInt8(ascii: "/") || $0.isTokenCharacter }, called: "a value")
        var parameters: [(name: String, value: String)] = []
        while true {
            reader.skipSpaces()
            if reader.isAtEnd { break }
            try reader.expect(UInt8(ascii: ";"))
            reader.skipSpaces()
            if reader.isAtEnd { break }
            let start = reader.position
            let name = try reader.word(where: { $0.isTokenCharacter }, called: "a parameter's name")
            reader.skipSpaces()
            try reader.expect(UInt8(ascii: "="))
            reader.skipSpaces()
            guard !parameters.contains(where: { $0.name == name }) else {
                throw Failure(offset: start, reason: "the parameter \(name) stands twice")
            }
            parameters.append((name, try reader.parameterValue()))
        }
        self.parameters = parameters
    }

    subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }
}

/// Goes over the bytes of a header's value.
private struct Reader {
    typealias Failure = HeaderParameters.Failure

    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }
    private var next: UInt8? { isAtEnd ? nil : bytes[position] }

    mutating func skipSpaces() {
        while let byte = next, byte.isSpaceOrTab { position += 1 }
    }

    mutating func expect(_ byte: UInt8) throws(Failure) {
        guard next == byte else { throw failure("expected '\(Character(Unicode.Scalar(byte)))', got \(description)") }
        position += 1
    }

    /// In lower case.
    mutating func word(where isPart: (UInt8) -> Bool, called what: String) throws(Failure) -> String {
        let word = take(while: isPart)
        guard !word.isEmpty else { throw failure("expected \(what), got \(description)") }
        return String(decoding: word, as: UTF8.self).lowercased()
    }

    mutating func parameterValue() throws(Failure) -> String {
        guard next == UInt8(ascii: "\"") else {
            let start = position
            return try text(take { !$0.isSpaceOrTab && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "\"") }, at: start)
        }
        position += 1
        return try quotedText()
    }

    /// Behind the opening quotation mark. Only `\"` and `\\` are escapes: some browsers send paths with plain
    /// backslashes.
    private mutating func quotedText() throws(Failure) -> String {
        let start = position
        var value: [UInt8] = []
        while let byte = next {
            position += 1
            if byte == UInt8(ascii: "\"") { return try text(value[...], at: start) }
            if byte == UInt8(ascii: "\\"), let escaped = next, [UInt8(ascii: "\""), byte].contains(escaped) {
                position += 1
                value.append(escaped)
            } else {
                value.append(byte)
            }
        }
        throw Failure(offset: start - 1, reason: "this quotation mark is not closed")
    }

    private func text(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(Failure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(offset: offset, reason: "this parameter is not UTF-8")
        }
        return text
    }

    private mutating func take(while isPart: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        while let byte = next, isPart(byte) { position += 1 }
        return bytes[start..<position]
    }

    private var description: String {
        next.map { "'\(Unicode.Scalar($0).escaped(asASCII: true))'" } ?? "the end"
    }

    private func failure(_ reason: String) -> Failure { Failure(offset: position, reason: reason) }
}

extension UInt8 {
    var isSpaceOrTab: Bool { self == 0x20 || self == 0x09 }

    /// A character of a token as HTTP has it (RFC 9110, section 5.6.2).
    var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
