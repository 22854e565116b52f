/// Walks over a JSON text once, handing out strings as bytes.
///
/// A vocabulary of 150,000 entries read through a general decoder costs most of a program's start; the
/// scanner allocates nothing per entry.
struct TokenizerJSONScanner {
    let path: String
    let bytes: [UInt8]
    private(set) var position = 0
    /// Nesting a file of this kind never reaches; deeper input would exhaust the stack.
    private static let maximumDepth = 128

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    private var byteHere: UInt8? { position < bytes.count ? bytes[position] : nil }

    func failure(expected: String) -> TokenizerError {
        let got = byteHere.map { $0 > 32 && $0 < 127 ? "'\(Character(Unicode.Scalar($0)))'" : "byte \($0)" }
        return .notJSON(path: path, offset: position, expected: expected, got: got ?? "the end of the file")
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// The first byte of the value that comes next, nil at the end of the text.
    mutating func peek() -> UInt8? {
        skipSpace()
        return byteHere
    }

    /// Continues at a position where a value was met before.
    mutating func seek(to position: Int) { self.position = position }

    private mutating func consume(_ mark: Unicode.Scalar) -> Bool {
        guard let byte = peek(), byte == UInt8(truncatingIfNeeded: mark.value) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ mark: Unicode.Scalar) throws(TokenizerError) {
        guard consume(mark) else { throw failure(expected: "'\(mark)'") }
    }

    /// Calls `body` with each key's bytes; `body` must consume the value.
    mutating func object(_ body: (inout Self, [UInt8]) throws -> Void) throws {
        try expect("{")
        if consume("}") { return }
        var key: [UInt8] = []
        repeat {
            key.removeAll(keepingCapacity: true)
            skipSpace()
            try string(into: &key)
            try expect(":")
            try body(&self, key)
        } while consume(",")
        try expect("}")
    }

    /// Calls `body` at each element; `body` must consume it.
    mutating func array(_ body: (inout Self) throws -> Void) throws {
        try expect("[")
        if consume("]") { return }
        repeat { try body(&self) } while consume(",")
        try expect("]")
    }

    /// Appends the UTF-8 of a string value.
    mutating func string(into buffer: inout [UInt8]) throws(TokenizerError) {
        skipSpace()
        guard byteHere == 0x22 else { throw failure(expected: "a string") }
        position += 1
        var runStart = position
        while position < bytes.count {
            switch bytes[position] {
            case 0x22:
                buffer.append(contentsOf: bytes[runStart..<position])
                position += 1
                return
            case 0x5C:
                buffer.append(contentsOf: bytes[runStart..<position])
                position += 1
                try escape(into: &buffer)
                runStart = position
            case 0..<0x20:
                throw failure(expected: "no control character in a string")
            default:
                position += 1
            }
        }
        throw failure(expected: "'\"'")
    }

    private mutating func escape(into buffer: inout [UInt8]) throws(TokenizerError) {
        guard let byte = byteHere else { throw failure(expected: "an escaped character") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "u"): try unicodeEscape(into: &buffer)
        default:
            position -= 1
            throw failure(expected: "an escaped character")
        }
    }

    private mutating func unicodeEscape(into buffer: inout [UInt8]) throws(TokenizerError) {
        var value = try hexadecimal()
        if (0xD800..<0xDC00).contains(value) {
            guard position + 1 < bytes.count, bytes[position] == 0x5C, bytes[position + 1] == UInt8(ascii: "u")
            else { throw failure(expected: "the second half of a surrogate pair") }
            position += 2
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else {
                throw failure(expected: "the second half of a surrogate pair")
            }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw failure(expected: "a Unicode scalar") }
        buffer.append(contentsOf: String(scalar).utf8)
    }

    private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = byteHere, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure(expected: "four hexadecimal digits")
            }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }

    /// An integer value that is not negative.
    mutating func integer() throws(TokenizerError) -> Int {
        skipSpace()
        var value = 0
        let start = position
        while let byte = byteHere, byte >= 0x30, byte <= 0x39 {
            guard position - start < 10 else { throw failure(expected: "at most ten digits") }
            value = value * 10 + Int(byte - 0x30)
            position += 1
        }
        guard position > start else { throw failure(expected: "an integer that is not negative") }
        return value
    }

    /// Passes over one value of any kind and returns the range of its bytes.
    @discardableResult
    mutating func skipValue(depth: Int = 0) throws -> Range<Int> {
        guard depth < Self.maximumDepth else {
            throw failure(expected: "at most \(Self.maximumDepth) nested values")
        }
        let first = peek()
        let start = position
        switch first {
        case UInt8(ascii: "{"): try object { scanner, _ in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["): try array { scanner in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\""):
            var ignored: [UInt8] = []
            try string(into: &ignored)
        default: try skipScalar()
        }
        return start..<position
    }

    private mutating func skipScalar() throws(TokenizerError) {
        let start = position
        while let byte = byteHere, isWordByte(byte) { position += 1 }
        guard position > start else { throw failure(expected: "a value") }
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"): true
        default: false
        }
    }

    /// Fails if anything but white space is left.
    mutating func end() throws(TokenizerError) {
        guard peek() == nil else { throw failure(expected: "the end of the file") }
    }
}
