/// Lines of a body joined as a client sends them.
func multipartBody(_ lines: String...) -> [UInt8] { Array(lines.joined(separator: "\r\n").utf8) }

let multipartType = "multipart/form-data; boundary=XX"

/// A form to be written and read again.
struct SampleForm {
    struct Part: Equatable {
        var name: String
        var filename: String?
        var contentType: String?
        var content: [UInt8]
    }

    var boundary: String
    var parts: [Part]

    var contentType: String { "multipart/form-data; boundary=\"\(boundary)\"" }

    var body: [UInt8] {
        var body: [UInt8] = []
        for part in parts {
            body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.escaped(part.name))\"".utf8
            if let filename = part.filename { body += "; filename=\"\(Self.escaped(filename))\"".utf8 }
            if let contentType = part.contentType { body += "\r\nContent-Type: \(contentType)".utf8 }
            body += Array("\r\n\r\n".utf8) + part.content + Array("\r\n".utf8)
        }
        return body + Array("--\(boundary)--\r\n".utf8)
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { $0 += $1 == "\"" || $1 == "\\" ? "\\\($1)" : "\($1)" }
    }

    static func random(_ random: inout SeededRandom) -> SampleForm {
        let boundaries = ["X", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "a b'()+_,-./:=?c", "=_0"]
        let boundary = boundaries[random.below(boundaries.count)]
        let parts = (0..<random.below(5)).map { _ in
            let content = content(near: boundary, &random)
            return Part(
                name: text(&random), filename: random.below(2) == 0 ? nil : text(&random),
                contentType: random.below(2) == 0 ? nil : "image/png", content: content)
        }
        return SampleForm(boundary: boundary, parts: parts)
    }

    private static func text(_ random: inout SeededRandom) -> String {
        let letters = ["a", "\"", "\\", ";", "=", " ", "é", "名", ":", "%22", "/", "..", "😀"]
        return (0..<random.below(8)).reduce(into: "") { text, _ in text += letters[random.below(letters.count)] }
    }

    /// Random pieces of what delimits parts, but never all of it.
    private static func content(near boundary: String, _ random: inout SeededRandom) -> [UInt8] {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        var content: [UInt8] = []
        for _ in 0..<random.below(6) {
            switch random.below(4) {
            case 0: content += random.bytes(random.below(40))
            case 1: content += [0x0D, 0x0A]
            case 2: content += delimiter.prefix(random.below(delimiter.count))
            default: content += delimiter.dropFirst(1 + random.below(delimiter.count - 1))
            }
        }
        // What a delimiter would be, also at the start, where the headers' line end is before it.
        let framed = [0x0D, 0x0A] + content + delimiter
        let first = framed.indices.first { framed[$0...].starts(with: delimiter) }
        return first == framed.count - delimiter.count ? content : []
    }
}
