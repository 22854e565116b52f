/// Bytes that come in any portions, handed out as text that never ends within a character.
package struct UTF8Stream {
    private var pending: [UInt8] = []

    package init() {}

    /// Adds bytes, and gives the text they complete. Bytes that can be no UTF-8 become U+FFFD.
    package mutating func append(_ bytes: [UInt8]) -> String {
        pending += bytes
        let complete = pending.count - unfinished
        defer { pending.removeFirst(complete) }
        return String(decoding: pending[..<complete], as: UTF8.self)
    }

    /// The rest, when no more bytes come: U+FFFD for a character that was not finished.
    package mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many bytes at the end begin a character that more bytes could complete.
    private var unfinished: Int {
        for count in 1...3 where count <= pending.count {
            let start = pending.count - count
            guard pending[start] & 0xC0 != 0x80 else { continue }
            return Self.begins(pending[start...]) ? count : 0
        }
        return 0
    }

    /// Whether bytes are a beginning, and no more, of a well-formed character. Source: table 3-7 of the Unicode
    /// standard, which bounds the second byte by the first.
    private static func begins(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        let (length, second): (Int, ClosedRange<UInt8>)
        switch first {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return false
        }
        return bytes.count < length && bytes.dropFirst().first.map(second.contains) != false
    }
}
