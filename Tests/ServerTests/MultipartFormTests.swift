import Testing

@testable import Server

@Suite struct MultipartFormTests {
    private static func form(_ lines: String..., type: String = multipartType) throws -> MultipartForm {
        try MultipartForm(Array(lines.joined(separator: "\r\n").utf8), contentType: type)
    }

    private static func failure(_ body: [UInt8], type: String = multipartType) -> String {
        do {
            return "no failure: \(try MultipartForm(body, contentType: type).parts)"
        } catch {
            return "\(error)"
        }
    }

    private static func failure(_ lines: String...) -> String { failure(Array(lines.joined(separator: "\r\n").utf8)) }

    @Test func aFormOfTextAndFileIsReadAsSent() throws {
        let form = try Self.form(
            "--XX", "Content-Disposition: form-data; name=\"prompt\"", "", "a cat", "on two lines", "--XX",
            "Content-Disposition: form-data; name=\"image[]\"; filename=\"../cat.png\"", "Content-Type: image/PNG", "",
            "\u{0}\r\r\n--X", "--XX--", "")
        #expect(form.parts.map(\.name) == ["prompt", "image[]"])
        #expect(try form.parts[0].text() == "a cat\r\non two lines")
        #expect(form.parts[0].filename == nil && form.parts[0].contentType == nil)
        #expect(form.parts[1].filename == "../cat.png" && form.parts[1].contentType == "image/png")
        #expect(form.parts[1].bytes == Array("\u{0}\r\r\n--X".utf8))
        #expect(form.parts(named: "image[]").count == 1 && form.parts(named: "mask").isEmpty)
    }

    @Test func contentsAreViewsOfTheBody() throws {
        let body = multipartBody("--XX", "Content-Disposition: form-data; name=a", "", "content", "--XX--")
        let content = try #require(try MultipartForm(body, contentType: multipartType).parts.first).content
        let places = (body.withUnsafeBytes { $0.baseAddress }, content.withUnsafeBytes { $0.baseAddress })
        #expect(places.1 == places.0?.advanced(by: content.startIndex))
    }

    @Test func aBodyThatIsASliceIsReadLikeAnyOther() throws {
        let body = multipartBody("--XX", "Content-Disposition: form-data; name=a", "", "content", "--XX--")
        let form = try MultipartForm(([1, 2, 3] + body + [4])[3..<(3 + body.count)], contentType: multipartType)
        #expect(try form.parts.map { try $0.text() } == ["content"])
        #expect(form.parts[0].offset == 48)
    }

    @Test func preambleEpilogueAndPaddingAreNobodys() throws {
        let form = try Self.form(
            "This is a form.", "--X is near", "--XX \t", "Content-Disposition: form-data; name=a", "", "1", "--XX-- ",
            "epilogue", "--XX", "more")
        #expect(try form.parts.map { try $0.text() } == ["1"])
    }

    @Test func aFormMayHaveNoPartsAndPartsNoContent() throws {
        #expect(try Self.form("--XX--").parts.isEmpty)
        let form = try Self.form(
            "--XX", "Content-Disposition: form-data; name=a", "", "", "--XX", "Content-Disposition: form-data; name=b",
            "", "--XX--")
        #expect(form.parts.map(\.name) == ["a", "b"])
        #expect(form.parts.allSatisfy { $0.content.isEmpty })
    }

    @Test(arguments: [
        (#"name="a\"b""#, #"a"b"#), (#"name="a\\b""#, #"a\b"#), (#"name="C:\dir\a""#, #"C:\dir\a"#), ("name=a", "a"),
        (#"name="a;b=c""#, "a;b=c"), (#"NAME = "a" ;"#, "a"), (#"filename*=UTF-8''x; name="é""#, "é"),
        (#"name="%22""#, "%22"),
    ])
    func namesAreReadInEverySpelling(parameters: String, name: String) throws {
        let form = try Self.form("--XX", "content-disposition:form-data; \(parameters)", "", "", "--XX--")
        #expect(form.parts.map(\.name) == [name])
        #expect(form.parts[0].filename == nil)
    }

    @Test func textIsReadInTheCharsetThatTheFormOrThePartNames() throws {
        var body = multipartBody("--XX", "Content-Disposition: form-data; name=a", "", "")
        body += [0xE9]
        body += multipartBody(
            "", "--XX", "Content-Disposition: form-data; name=b", "Content-Type: text/plain; charset=\"UTF-8\"", "",
            "é", "--XX", "Content-Disposition: form-data; name=\"_charset_\"", "", "ISO-8859-1", "--XX--")
        let form = try MultipartForm(body, contentType: multipartType)
        #expect(try form.parts.prefix(2).map { try $0.text() } == ["é", "é"])
    }

    @Test func textThatIsNotInItsCharsetIsAnErrorOnlyWhenItIsAskedFor() throws {
        var body = multipartBody("--XX", "Content-Disposition: form-data; name=a", "", "")
        body += [0xE9] + multipartBody("", "--XX--")
        let part = try MultipartForm(body, contentType: multipartType).parts[0]
        #expect(throws: MultipartError.undecodable(byte: 48, field: "a", charset: "utf-8")) { try part.text() }
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=\"a b\"", "a b"), ("Multipart/Form-Data;BOUNDARY=a;x=y", "a"),
        ("multipart/form-data; charset=utf-8; boundary=----WebKit7", "----WebKit7"),
        ("multipart/form-data; boundary=a/b=c", "a/b=c"),
    ])
    func theBoundaryIsReadFromTheHeader(type: String, boundary: String) throws {
        #expect(try MultipartBoundary(contentType: type).text == boundary)
    }

    @Test(arguments: [
        ("", "expected a value, got the end"),
        ("application/json", "expected multipart/form-data, got application/json"),
        ("multipart/form-data", "expected a boundary"), ("multipart/form-data; boundary=", "1 to 70"),
        ("multipart/form-data; boundary=\"a", "not closed (at byte 30)"),
        ("multipart/form-data; boundary=a; boundary=b", "stands twice (at byte 33)"),
        ("multipart/form-data; boundary=\"a \"", "1 to 70"), ("multipart/form-data; boundary=\"a\r\n\"", "1 to 70"),
        ("multipart/form-data; boundary=" + String(repeating: "a", count: 71), "1 to 70"),
        ("multipart/form-data, boundary=a", "expected ';', got ','"),
    ])
    func aHeaderWithoutAUsableBoundaryIsRefused(type: String, words: String) {
        let failure = Self.failure([], type: type)
        #expect(failure.hasPrefix("Content-Type: ") && failure.contains(words), "\(failure)")
    }

    @Test func whatIsWrongIsSaidWithItsPlace() {
        let head = "Content-Disposition: form-data; name=a"
        #expect(Self.failure("") == "form: expected a line --XX, as Content-Type says, got none")
        #expect(Self.failure("--XX") == "form: the body ends at byte 4, before --XX--")
        #expect(Self.failure("--XX", head, "", "1") == "form: the body ends at byte 49, before --XX--")
        #expect(Self.failure("--XX", head).hasSuffix("before the end of the headers of part 1"))
        #expect(Self.failure("--XXY", "").contains("part 1, byte 4: expected a line end behind --XX"))
        #expect(Self.failure("--XX", head, "", "1", "--XX--Y").contains("part 2, byte 57: expected a line end"))
        #expect(Self.failure("--XX", "", "1", "--XX--").contains("part 1, byte 8: expected a header"))
        #expect(Self.failure("--XX", "Nothing", "", "1", "--XX--").contains("byte 6: expected 'Name: value'"))
        #expect(Self.failure("--XX", head, " folded", "", "1", "--XX--").contains("expected 'Name: value'"))
        #expect(Self.failure("--XX", head, head, "", "1", "--XX--").contains("disposition: this header stands twice"))
        #expect(
            Self.failure("--XX", head + "; name=b", "", "1", "--XX--").contains("byte 46: content-disposition: the"))
        #expect(Self.failure("--XX", "Content-Disposition: form-data", "", "", "--XX--").contains("a name, got none"))
        #expect(Self.failure("--XX", "Content-Disposition: inline; name=a", "", "", "--XX--").contains("got inline"))
        #expect(Self.failure("--XX", head + "\nA: b", "", "1", "--XX--").contains("byte 44: expected text or CR LF"))
        let encoded = Self.failure("--XX", head, "Content-Transfer-Encoding: base64", "", "", "--XX--")
        #expect(encoded.contains("content-transfer-encoding: expected binary, got base64"))
        let foreign = Self.failure("--XX", head, "Content-Type: text/plain; charset=big5", "", "", "--XX--")
        #expect(foreign.contains("expected the charset utf-8, got 'big5'"))
        let charset = Self.failure("--XX", "Content-Disposition: form-data; name=_charset_", "", "x", "--XX--")
        #expect(charset.contains("expected _charset_ utf-8, got 'x'"))
    }

    @Test func partsAndHeadersAreLimited() throws {
        let part = ["--XX", "Content-Disposition: form-data; name=a", "", "1"]
        let body = Array((Array(repeating: part, count: 3).joined() + ["--XX--"]).joined(separator: "\r\n").utf8)
        #expect(try MultipartForm(body, contentType: multipartType, limits: .init(parts: 3)).parts.count == 3)
        #expect(throws: MultipartError.tooManyParts(byte: 108, limit: 2)) {
            try MultipartForm(body, contentType: multipartType, limits: .init(parts: 2))
        }
        // The header, its line end, and the empty line.
        #expect(try MultipartForm(body, contentType: multipartType, limits: .init(headerBytes: 42)).parts.count == 3)
        #expect(throws: MultipartError.headersTooLong(byte: 46, part: 1, limit: 41)) {
            try MultipartForm(body, contentType: multipartType, limits: .init(headerBytes: 41))
        }
    }

    @Test func timeIsLinearHoweverNearTheBodyComesToItsBoundary() throws {
        let boundary = String(repeating: "-", count: 70)
        let type = "multipart/form-data; boundary=\(boundary)"
        let near = Array("\r\n--\(boundary.dropLast())".utf8)
        for piece in [[UInt8](repeating: 0x0D, count: 64), near, Array("\r\n--".utf8)] {
            var body = Array("--\(boundary)\r\nContent-Disposition: form-data; name=a\r\n\r\n".utf8)
            body.reserveCapacity(65 << 20)
            while body.count < 64 << 20 { body += piece }
            body += "x\r\n--\(boundary)--".utf8
            let start = ContinuousClock.now
            #expect(try MultipartForm(body, contentType: type).parts.count == 1)
            // Quadratic time would be days.
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }
}
