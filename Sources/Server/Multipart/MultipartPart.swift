/// A field of a form: a text or a file.
package struct MultipartPart: Sendable {
    package let name: String
    /// As the client says, which may be a path or anything else: to be shown, never to be opened.
    package let filename: String?
    /// In lower case and without parameters; nil where the part says nothing, which means text/plain.
    package let contentType: String?
    /// A view of the body: nothing is copied.
    package let content: ArraySlice<UInt8>
    /// Where the content starts in the body.
    let offset: Int
    let charset: Charset

    /// What a text field may be written in.
    enum Charset: String, Sendable {
        case utf8 = "utf-8"
        case ascii = "us-ascii"
        case latin1 = "iso-8859-1"

        /// nil for any other.
        init?(label: String) {
            switch label.lowercased() {
            case "utf-8", "utf8": self = .utf8
            case "us-ascii", "ascii": self = .ascii
            case "iso-8859-1", "latin1": self = .latin1
            default: return nil
            }
        }
    }

    /// A copy of the content.
    package var bytes: [UInt8] { Array(content) }

    /// The content as text. Throws `MultipartError.undecodable`.
    package func text() throws(MultipartError) -> String {
        let text: String? =
            switch charset {
            case .utf8: String(validating: content, as: UTF8.self)
            case .ascii: String(validating: content, as: Unicode.ASCII.self)
            case .latin1: String(String.UnicodeScalarView(content.map { Unicode.Scalar($0) }))
            }
        guard let text else { throw .undecodable(byte: offset, field: name, charset: charset.rawValue) }
        return text
    }
}
