/// A strict reader of JSON text, one value after the other, that finds what general decoders let pass: duplicate keys,
/// numbers that are no exact counts, lone surrogates, bytes that are no UTF-8. It trusts nothing and never traps.
package struct JSONScanner {
    /// Where the text stops being what was expected, and the member it belongs to.
    package struct Failure: Error {
        package let offset: Int
        package let reason: String
        package var member: String?

        package init(offset: Int, reason: String, member: String? = nil) {
            (self.offset, self.reason, self.member) = (offset, reason, member)
        }
    }

    /// Nesting that the official crate's JSON reader allows.
    private static let depthLimit = 128

    private let bytes: UnsafeRawBufferPointer
    package private(set) var offset = 0
    private var depth = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads an object; `member` reads the value of each key. Throws on a key seen before.
    package mutating func object(_ member: (inout JSONScanner, String) throws(Failure) -> Void) throws(Failure) {
        var keys: Set<String> = []
        try list(open: "{", close: "}") { scanner throws(Failure) in
            let start = scanner.offset
            let key = try scanner.string()
            guard keys.insert(key).inserted else {
                throw Failure(offset: start, reason: "duplicate key \(quoted(key))", member: key)
            }
            try scanner.expect(":")
            scanner.skipSpace()
            try member(&scanner, key)
        }
    }

    /// Reads an array; `element` reads each value.
    package mutating func array(_ element: (inout JSONScanner) throws(Failure) -> Void) throws(Failure) {
        try list(open: "[", close: "]", element)
    }

    /// Reads a string with its escapes.
    package mutating func string() throws(Failure) -> String {
        try expect("\"")
        let start = offset
        var decoded: [UInt8]?
        while let byte = peek(), byte >= 0x20 {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                let text =
                    decoded.map { String(validating: $0, as: UTF8.self) }
                    ?? String(validating: bytes[start..<offset - 1], as: UTF8.self)
                guard let text else { throw Failure(offset: start, reason: "the string is not UTF-8") }
                return text
            case UInt8(ascii: "\\"):
                if decoded == nil { decoded = Array(bytes[start..<offset - 1]) }
                decoded?.append(contentsOf: try escape())
            default:
                decoded?.append(byte)
            }
        }
        throw unexpected("the end of the string")
    }

    /// Reads a count: digits without sign, fraction, exponent or leading zero.
    mutating func count() throws(Failure) -> Int {
        skipSpace()
        let start = offset
        var value = 0
        while let digit = digit() {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            if overflow || carry { throw Failure(offset: start, reason: "the number is too large") }
            if value == 0 && offset > start + 1 { throw Failure(offset: start, reason: "leading zero in a number") }
            value = sum
        }
        if offset == start { throw unexpected("a count") }
        if let next = peek(), ".eE".utf8.contains(next) { throw Failure(offset: start, reason: "not an integer") }
        return value
    }

    /// Reads `null` if it stands here.
    mutating func null() -> Bool { literal("null") }

    /// Reads a word such as `true` if it stands here.
    package mutating func literal(_ text: StaticString) -> Bool {
        skipSpace()
        return word(text)
    }

    /// The first byte of the value that stands here, which says what it is; nil at the end.
    package mutating func first() -> UInt8? {
        skipSpace()
        return peek()
    }

    /// Reads a number as it is written.
    package mutating func number() throws(Failure) -> String {
        skipSpace()
        let start = offset
        try skipNumber()
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// Reads any value and forgets it.
    mutating func skipValue() throws(Failure) {
        skipSpace()
        switch peek() {
        case UInt8(ascii: "{"): try object { scanner, _ throws(Failure) in try scanner.skipValue() }
        case UInt8(ascii: "["): try array { scanner throws(Failure) in try scanner.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        default: if !word("null") && !word("true") && !word("false") { try skipNumber() }
        }
    }

    /// Throws unless nothing but white space is left.
    package mutating func end() throws(Failure) {
        skipSpace()
        if offset < bytes.count { throw unexpected("the end of the text") }
    }
}

extension JSONScanner {
    private mutating func list(
        open: Unicode.Scalar, close: Unicode.Scalar, _ element: (inout JSONScanner) throws(Failure) -> Void
    ) throws(Failure) {
        try expect(open)
        depth += 1
        defer { depth -= 1 }
        if depth >= Self.depthLimit { throw Failure(offset: offset, reason: "nested too deeply") }
        skipSpace()
        if take(close) { return }
        while true {
            skipSpace()
            try element(&self)
            skipSpace()
            if take(close) { return }
            guard take(",") else { throw unexpected("',' or '\(close)'") }
        }
    }

    /// The UTF-8 of the escape behind a backslash.
    private mutating func escape() throws(Failure) -> [UInt8] {
        let start = offset
        guard let byte = peek() else { throw unexpected("an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if code & 0xFC00 == 0xD800, take("\\"), take("u") {
                let low = try hexadecimal()
                if low & 0xFC00 == 0xDC00 { code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF }
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw Failure(offset: start, reason: "a lone surrogate in an escape")
            }
            return Array(String(Character(scalar)).utf8)
        default: throw Failure(offset: start, reason: "an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw unexpected("a hexadecimal digit")
            }
            offset += 1
            code = code << 4 | UInt32(digit)
        }
        return code
    }

    private mutating func skipNumber() throws(Failure) {
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
    }

    private mutating func digits() throws(Failure) {
        guard digit() != nil else { throw unexpected("a value") }
        while digit() != nil {}
    }

    private mutating func digit() -> Int? {
        guard let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        offset += 1
        return Int(byte - UInt8(ascii: "0"))
    }

    private mutating func word(_ text: StaticString) -> Bool {
        let end = offset + text.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        let matches = text.withUTF8Buffer { $0.elementsEqual(bytes[offset..<end]) }
        if matches { offset = end }
        return matches
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws(Failure) {
        skipSpace()
        guard take(scalar) else { throw unexpected("'\(scalar)'") }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard let byte = peek(), UInt32(byte) == scalar.value else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func unexpected(_ expected: String) -> Failure {
        let found = peek().map { "'\(Unicode.Scalar($0).escaped(asASCII: true))'" } ?? "the end of the text"
        return Failure(offset: offset, reason: "expected \(expected), got \(found)")
    }
}
