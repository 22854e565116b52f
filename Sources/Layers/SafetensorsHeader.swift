/// A tensor of a safetensors file: its element type, its shape (row-major) and where its bytes lie in the file.
package struct SafetensorsEntry: Sendable, Equatable {
    package let name: String
    package let elementType: ElementType
    package let shape: [Int]
    /// Offsets from the start of the file.
    package let byteRange: Range<Int>
}

/// The validated header of a safetensors file: 8 bytes of length (little-endian), a JSON object, then the tensors' bytes
/// without holes. Source: `Metadata::validate` of the `safetensors` crate; duplicate names, which the crate lets the last
/// one win, are an error here.
package struct SafetensorsHeader: Sendable {
    /// Bytes of JSON that the official crate accepts.
    package static let lengthLimit = 100_000_000

    /// In file order.
    package let entries: [SafetensorsEntry]
    /// The string map `__metadata__`.
    package let metadata: [String: String]

    /// Parses and validates the header of the whole file `bytes`; `name` is the file's name for messages.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, name: String
    ) throws(SafetensorsError) -> SafetensorsHeader {
        let text = try headerText(of: bytes, name: name)
        var declarations: [Declaration] = []
        var metadata: [String: String] = [:]
        do {
            (declarations, metadata) = try scan(text)
        } catch {
            throw SafetensorsError(
                file: name, tensor: error.member,
                reason: "malformed header at byte \(8 + error.offset): \(error.reason)")
        }
        let dataStart = 8 + text.count
        let entries = try place(declarations, at: dataStart, name: name)
        let end = entries.last?.byteRange.upperBound ?? dataStart
        guard end == bytes.count else {
            let problem = end > bytes.count ? "truncated" : "unexpected bytes behind the last tensor"
            throw SafetensorsError(
                file: name, tensor: end > bytes.count ? entries.last?.name : nil,
                reason: "\(problem): the header describes a file of \(end) bytes, it has \(bytes.count)")
        }
        return SafetensorsHeader(entries: entries, metadata: metadata)
    }

    private static func headerText(
        of bytes: UnsafeRawBufferPointer, name: String
    ) throws(SafetensorsError) -> UnsafeRawBufferPointer {
        guard bytes.count >= 8 else {
            throw SafetensorsError(
                file: name, reason: "truncated: expected 8 bytes of header length, the file has \(bytes.count)")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= lengthLimit else {
            throw SafetensorsError(
                file: name, reason: "header length \(length) is beyond the limit of \(lengthLimit) bytes")
        }
        guard length <= bytes.count - 8 else {
            throw SafetensorsError(
                file: name, reason: "truncated: expected a header of \(length) bytes, \(bytes.count - 8) follow")
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[8..<8 + Int(length)])
        guard text.first == UInt8(ascii: "{") else {
            throw SafetensorsError(file: name, reason: "not a safetensors file: the header does not start with '{'")
        }
        return text
    }

    /// Checks types, shapes and offsets, and that the tensors follow each other without hole or overlap.
    private static func place(
        _ declarations: [Declaration], at dataStart: Int, name: String
    ) throws(SafetensorsError) -> [SafetensorsEntry] {
        var entries: [SafetensorsEntry] = []
        entries.reserveCapacity(declarations.count)
        var position = 0
        for declaration in declarations.sorted(by: { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }) {
            func invalid(_ reason: String) -> SafetensorsError {
                SafetensorsError(file: name, tensor: declaration.name, reason: reason)
            }
            let (type, begin, end) = (declaration.type, declaration.begin, declaration.end)
            guard let elementType = ElementType(rawValue: type) else {
                throw invalid("unknown dtype \(quoted(type))")
            }
            guard begin == position else {
                throw invalid(
                    "data_offsets \(begin < position ? "overlap" : "leave a hole"): expected to begin at "
                        + "\(position), got [\(begin), \(end)]")
            }
            guard end >= begin else { throw invalid("data_offsets end before they begin: [\(begin), \(end)]") }
            guard let byteCount = elementType.byteCount(of: declaration.shape) else {
                throw invalid("the size of shape \(declaration.shape) in \(type) is not a number of bytes")
            }
            guard end - begin == byteCount else {
                throw invalid(
                    "shape \(declaration.shape) in \(type) takes \(byteCount) bytes, data_offsets "
                        + "[\(begin), \(end)] hold \(end - begin)")
            }
            guard end <= Int.max - dataStart else { throw invalid("data_offsets out of range: [\(begin), \(end)]") }
            entries.append(
                SafetensorsEntry(
                    name: declaration.name, elementType: elementType, shape: declaration.shape,
                    byteRange: dataStart + begin..<dataStart + end))
            position = end
        }
        return entries
    }
}

/// What the JSON says of one tensor, not yet validated.
private struct Declaration {
    let name: String
    let type: String
    let shape: [Int]
    let begin: Int
    let end: Int
}

extension SafetensorsHeader {
    private static func scan(
        _ text: UnsafeRawBufferPointer
    ) throws(JSONScanner.Failure) -> ([Declaration], [String: String]) {
        var declarations: [Declaration] = []
        var metadata: [String: String] = [:]
        var scanner = JSONScanner(text)
        try scanner.object { scanner, key throws(JSONScanner.Failure) in
            do throws(JSONScanner.Failure) {
                if key == "__metadata__" {
                    metadata = try strings(&scanner)
                } else {
                    declarations.append(try declaration(key, &scanner))
                }
            } catch {
                throw JSONScanner.Failure(offset: error.offset, reason: error.reason, member: key)
            }
        }
        try scanner.end()
        return (declarations, metadata)
    }

    private static func strings(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> [String: String] {
        if scanner.null() { return [:] }
        var strings: [String: String] = [:]
        try scanner.object { scanner, key throws(JSONScanner.Failure) in strings[key] = try scanner.string() }
        return strings
    }

    private static func declaration(
        _ name: String, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Failure) -> Declaration {
        let start = scanner.offset
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { scanner, key throws(JSONScanner.Failure) in
            switch key {
            case "dtype": type = try scanner.string()
            case "shape": shape = try counts(&scanner)
            case "data_offsets": offsets = try counts(&scanner)
            default: try scanner.skipValue()
            }
        }
        guard let type, let shape, let offsets else {
            let missing = type == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
            throw JSONScanner.Failure(offset: start, reason: "\(missing) is missing")
        }
        guard offsets.count == 2 else {
            throw JSONScanner.Failure(offset: start, reason: "expected 2 data_offsets, got \(offsets.count)")
        }
        return Declaration(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }

    private static func counts(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> [Int] {
        var counts: [Int] = []
        try scanner.array { scanner throws(JSONScanner.Failure) in counts.append(try scanner.count()) }
        return counts
    }
}
