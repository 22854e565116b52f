/// The body of a `multipart/form-data` request (RFC 7578, RFC 2046), its parts in their order.
package struct MultipartForm: Sendable {
    package let parts: [MultipartPart]

    /// What a client may make the server hold beside the body itself.
    package struct Limits: Sendable {
        package var parts: Int
        /// Bytes of the headers of one part.
        package var headerBytes: Int

        package init(parts: Int = 256, headerBytes: Int = 8192) {
            self.parts = parts
            self.headerBytes = headerBytes
        }
    }

    /// Takes `body` apart, in time linear in its size. `contentType` is the value of the request's header.
    /// Throws `MultipartError`.
    package init(_ body: ArraySlice<UInt8>, contentType: String, limits: Limits = Limits()) throws(MultipartError) {
        let boundary = try MultipartBoundary(contentType: contentType)
        let raw = try Self.split(body, boundary, limits)
        let charset = try Self.defaultCharset(raw)
        var parts: [MultipartPart] = []
        for part in raw { parts.append(try part.resolved(defaultCharset: charset)) }
        self.parts = parts
    }

    package init(_ body: [UInt8], contentType: String, limits: Limits = Limits()) throws(MultipartError) {
        try self.init(body[...], contentType: contentType, limits: limits)
    }

    /// All parts of that name, in their order.
    package func parts(named name: String) -> [MultipartPart] { parts.filter { $0.name == name } }

    private static func split(
        _ body: ArraySlice<UInt8>, _ boundary: MultipartBoundary, _ limits: Limits
    ) throws(MultipartError) -> [RawPart] {
        var scanner = MultipartScanner(body, boundary: boundary)
        var parts: [RawPart] = []
        try scanner.skipPreamble()
        while try scanner.delimiterOpensPart(part: parts.count + 1) {
            guard parts.count < limits.parts else {
                throw .tooManyParts(byte: scanner.position, limit: limits.parts)
            }
            let number = parts.count + 1
            let headers = try scanner.headers(part: number, limit: limits.headerBytes)
            let start = scanner.position
            let content = try scanner.content()
            parts.append(try RawPart(number: number, headers: headers, content: content, offset: start))
        }
        return parts
    }

    /// What the field `_charset_` says of all others (RFC 7578, section 4.6); a file of that name says nothing.
    private static func defaultCharset(_ parts: [RawPart]) throws(MultipartError) -> MultipartPart.Charset {
        guard let field = parts.first(where: { $0.disposition.name == "_charset_" && $0.disposition.filename == nil })
        else { return .utf8 }
        let label = String(decoding: field.content, as: UTF8.self)
        guard let charset = MultipartPart.Charset(label: label) else {
            throw .malformed(
                byte: field.offset, part: field.number, reason: "expected _charset_ utf-8, got '\(label.prefix(40))'")
        }
        return charset
    }
}

/// A part before it is known what its text is written in.
private struct RawPart {
    let number: Int
    let disposition: ContentDisposition
    let contentType: (value: HeaderParameters, offset: Int)?
    let content: ArraySlice<UInt8>
    let offset: Int

    init(
        number: Int, headers: [MultipartScanner.Header], content: ArraySlice<UInt8>, offset: Int
    ) throws(MultipartError) {
        self.number = number
        self.content = content
        self.offset = offset
        var disposition: ContentDisposition?
        var contentType: (HeaderParameters, Int)?
        for header in headers {
            do throws(HeaderParameters.Failure) {
                switch header.name {
                case "content-disposition":
                    guard disposition == nil else { throw HeaderParameters.Failure.twice }
                    disposition = try ContentDisposition(parsing: header.value)
                case "content-type":
                    guard contentType == nil else { throw HeaderParameters.Failure.twice }
                    contentType = (try HeaderParameters(parsing: header.value), header.offset)
                case "content-transfer-encoding":
                    try Self.checkEncoding(HeaderParameters(parsing: header.value).value)
                default: break
                }
            } catch {
                throw .malformed(
                    byte: header.offset + error.offset, part: number, reason: "\(header.name): \(error.reason)")
            }
        }
        guard let disposition else {
            throw .malformed(byte: offset, part: number, reason: "expected a header Content-Disposition, got none")
        }
        self.disposition = disposition
        self.contentType = contentType
    }

    /// Forms are binary; an encoding is deprecated (RFC 7578, section 4.7), and no browser sends one.
    private static func checkEncoding(_ encoding: String) throws(HeaderParameters.Failure) {
        guard ["7bit", "8bit", "binary"].contains(encoding) else {
            throw .init(offset: 0, reason: "expected binary, got \(encoding)")
        }
    }

    func resolved(defaultCharset: MultipartPart.Charset) throws(MultipartError) -> MultipartPart {
        var charset = defaultCharset
        // The charset of a file is its reader's affair.
        if let contentType, contentType.value.value == "text/plain", disposition.filename == nil,
            let label = contentType.value["charset"]
        {
            guard let own = MultipartPart.Charset(label: label) else {
                let reason = "content-type: expected the charset utf-8, got '\(label.prefix(40))'"
                throw .malformed(byte: contentType.offset, part: number, reason: reason)
            }
            charset = own
        }
        return MultipartPart(
            name: disposition.name, filename: disposition.filename, contentType: contentType?.value.value,
            content: content, offset: offset, charset: charset)
    }
}

extension HeaderParameters.Failure {
    fileprivate static var twice: Self { .init(offset: 0, reason: "this header stands twice") }
}
