/// An event of a `text/event-stream`, as the HTML standard describes it.
package struct ServerSentEvent: Sendable, Equatable {
    /// What the page listens for; nil is a `message`.
    package var name: String?
    /// Sent as one field for each line; without it the page sees no event.
    package var data: String?
    /// What the page sends back as Last-Event-ID when it connects again.
    package var id: String?
    /// What pages do not see; alone it keeps a connection from looking dead.
    package var comment: String?

    /// The Content-Type of a stream.
    package static let contentType = "text/event-stream"

    package init(name: String? = nil, data: String, id: String? = nil) {
        self.name = name
        self.data = data
        self.id = id
    }

    package init(comment: String) { self.comment = comment }

    /// The event as it is sent, its empty line included. A line end in the name or the id, which would begin another
    /// field, is sent as a space.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity((data?.utf8.count ?? 0) + 64)
        if let comment { Self.append(": ", linesOf: comment, to: &bytes) }
        if let name { Self.append("event: ", onOneLine: name, to: &bytes) }
        if let id { Self.append("id: ", onOneLine: id, to: &bytes) }
        if let data { Self.append("data: ", linesOf: data, to: &bytes) }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private static func append(_ field: String, onOneLine text: String, to bytes: inout [UInt8]) {
        bytes += field.utf8
        // An id with a zero byte is passed over by pages.
        for byte in text.utf8 { bytes.append([0x00, 0x0A, 0x0D].contains(byte) ? 0x20 : byte) }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Lines end with LF, CR or both.
    private static func append(_ field: String, linesOf text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { text in
            var start = 0
            while true {
                let end = text[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? text.count
                bytes += field.utf8
                bytes += text[start..<end]
                bytes.append(UInt8(ascii: "\n"))
                if end == text.count { return }
                let isPair = text[end] == 0x0D && end + 1 < text.count && text[end + 1] == 0x0A
                start = end + (isPair ? 2 : 1)
            }
        }
    }
}
