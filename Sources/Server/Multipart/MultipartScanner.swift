#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Goes once over the bytes of a form: preamble, delimiter lines, headers, contents.
struct MultipartScanner {
    struct Header {
        /// In lower case.
        let name: String
        let value: ArraySlice<UInt8>
        /// Where the value starts in the body.
        let offset: Int
    }

    private let body: ArraySlice<UInt8>
    private let boundary: String
    /// `CR LF -- boundary`. Its only CR is the first byte: an attempt that fails after n bytes has shown that none of
    /// them starts another, so looking for it is linear however near to it the body comes.
    private let delimiter: [UInt8]
    private var index: Int

    init(_ body: ArraySlice<UInt8>, boundary: MultipartBoundary) {
        self.body = body
        self.boundary = boundary.text
        delimiter = Array("\r\n--\(boundary.text)".utf8)
        index = body.startIndex
    }

    /// Bytes of the body that have been read.
    var position: Int { index - body.startIndex }

    /// Stops behind the first delimiter, which needs no line end before it when the body starts with it.
    mutating func skipPreamble() throws(MultipartError) {
        if body.starts(with: delimiter.dropFirst(2)) {
            index += delimiter.count - 2
        } else if let found = nextDelimiter(from: index) {
            index = found + delimiter.count
        } else {
            throw .missingStart(boundary: boundary)
        }
    }

    /// Reads the rest of a delimiter's line: false when it was the last one, which the epilogue follows.
    mutating func delimiterOpensPart(part: Int) throws(MultipartError) -> Bool {
        let isLast = body[index...].starts(with: "--".utf8)
        if isLast { index += 2 }
        while index < body.endIndex, body[index].isSpaceOrTab { index += 1 }
        let rest = body[index...]
        if isLast {
            // The epilogue is nobody's, but text on the line itself means that a content has this line by chance.
            if rest.isEmpty || rest.starts(with: "\r".utf8) || rest.starts(with: "\n".utf8) { return false }
        } else if rest.starts(with: "\r\n".utf8) {
            index += 2
            return true
        } else if rest.isEmpty || rest.elementsEqual("\r".utf8) || rest.elementsEqual("-".utf8) {
            throw .incomplete(byte: body.count, expected: "--\(boundary)--")
        }
        throw .malformed(byte: position, part: part, reason: "expected a line end behind --\(boundary)")
    }

    /// Stops behind the empty line that ends the headers.
    mutating func headers(part: Int, limit: Int) throws(MultipartError) -> [Header] {
        let start = index
        var headers: [Header] = []
        while true {
            let line = try self.line(part: part, end: start + min(limit, body.endIndex - start), limit)
            if line.isEmpty { return headers }
            headers.append(try header(line, part: part))
        }
    }

    /// Everything up to the next delimiter; stops behind it.
    mutating func content() throws(MultipartError) -> ArraySlice<UInt8> {
        // A part without content may give the end of its empty line to the delimiter.
        guard let found = nextDelimiter(from: index - 2) else {
            throw .incomplete(byte: body.count, expected: "--\(boundary)--")
        }
        let start = index
        index = found + delimiter.count
        return body[start..<max(start, found)]
    }

    /// Reads up to `end`; without the line's end.
    private mutating func line(part: Int, end: Int, _ limit: Int) throws(MultipartError) -> ArraySlice<UInt8> {
        let start = index
        while index < end {
            let byte = body[index]
            if byte == UInt8(ascii: "\r") {
                if index + 1 == end { break }
                if body[index + 1] == UInt8(ascii: "\n") {
                    index += 2
                    return body[start..<index - 2]
                }
            }
            if byte < 0x20 && byte != 0x09 || byte == 0x7F {
                let reason = "expected text or CR LF in a header, got the byte \(byte)"
                throw .malformed(byte: position, part: part, reason: reason)
            }
            index += 1
        }
        guard end == body.endIndex else { throw .headersTooLong(byte: position, part: part, limit: limit) }
        throw .incomplete(byte: body.count, expected: "the end of the headers of part \(part)")
    }

    private func header(_ line: ArraySlice<UInt8>, part: Int) throws(MultipartError) -> Header {
        let start = line.startIndex - body.startIndex
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy({ $0.isTokenCharacter })
        else { throw .malformed(byte: start, part: part, reason: "expected 'Name: value', got another line") }
        let value = line[(colon + 1)...]
        return Header(
            name: String(decoding: line[..<colon], as: UTF8.self).lowercased(), value: value,
            offset: value.startIndex - body.startIndex)
    }

    /// Where the next delimiter starts, at `start` or behind it.
    private func nextDelimiter(from start: Int) -> Int? {
        let offset: Int? = body[start...].withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var position = 0
            while bytes.count - position >= delimiter.count {
                let lastStart = bytes.count - delimiter.count
                guard let found = memchr(base + position, 0x0D, lastStart + 1 - position) else { return nil }
                position = base.distance(to: UnsafeRawPointer(found))
                if memcmp(base + position, delimiter, delimiter.count) == 0 { return position }
                position += 1
            }
            return nil
        }
        return offset.map { start + $0 }
    }
}
