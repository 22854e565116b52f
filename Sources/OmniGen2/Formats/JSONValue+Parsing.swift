import Layers

extension JSONValue {
    /// Reads a document that anybody may have written: in one pass, nested at most 128 deep, no name twice in an object, and not
    /// of so many values that they take many times the memory of their text.
    ///
    /// - Throws: `ParsingError`, which says where it is none.
    package init(parsing bytes: [UInt8]) throws(ParsingError) {
        let result = bytes.withUnsafeBytes { bytes -> Result<JSONValue, JSONScanner.Failure> in
            var scanner = JSONScanner(bytes)
            var room = Self.maximumValues
            do throws(JSONScanner.Failure) {
                let value = try JSONValue(&scanner, &room)
                try scanner.end()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        do throws(JSONScanner.Failure) {
            self = try result.get()
        } catch {
            throw ParsingError(offset: error.offset, reason: error.reason)
        }
    }

    /// Why and where a text is no document.
    package struct ParsingError: Error, Equatable, CustomStringConvertible {
        package let offset: Int
        package let reason: String

        package var description: String { "\(reason), at byte \(offset)" }
    }

    private static let maximumValues = 100_000

    /// - Parameter room: how many values may still come.
    private init(_ scanner: inout JSONScanner, _ room: inout Int) throws(JSONScanner.Failure) {
        room -= 1
        guard room >= 0 else {
            throw JSONScanner.Failure(
                offset: scanner.offset, reason: "more than \(Self.maximumValues) values")
        }
        switch scanner.first() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try scanner.object { scanner, name throws(JSONScanner.Failure) in
                members[name] = try JSONValue(&scanner, &room)
            }
            self = .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try scanner.array { scanner throws(JSONScanner.Failure) in
                elements.append(try JSONValue(&scanner, &room))
            }
            self = .array(elements)
        case UInt8(ascii: "\""): self = .string(try scanner.string())
        default:
            if scanner.literal("null") {
                self = .null
            } else if scanner.literal("true") {
                self = .bool(true)
            } else if scanner.literal("false") {
                self = .bool(false)
            } else {
                self = try Self.number(&scanner)
            }
        }
    }

    private static func number(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> JSONValue {
        let text = try scanner.number()
        if let whole = Int(text) { return .int(whole) }
        guard let number = Double(text), number.isFinite else {
            throw JSONScanner.Failure(offset: scanner.offset, reason: "the number is too large")
        }
        return .double(number)
    }
}
