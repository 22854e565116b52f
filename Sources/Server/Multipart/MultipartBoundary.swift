/// The line that parts are separated by, as the header of the whole body announces it (RFC 2046, section 5.1.1).
struct MultipartBoundary: Sendable {
    let text: String

    /// Takes it from the value of a Content-Type header. Throws `MultipartError.contentType`.
    init(contentType: String) throws(MultipartError) {
        let header: HeaderParameters
        do {
            header = try HeaderParameters(parsing: contentType.utf8)
        } catch {
            throw .contentType(reason: "\(error.reason) (at byte \(error.offset))")
        }
        guard header.value == "multipart/form-data" else {
            throw .contentType(reason: "expected multipart/form-data, got \(header.value)")
        }
        guard let boundary = header["boundary"] else { throw .contentType(reason: "expected a boundary, got none") }
        guard (1...70).contains(boundary.utf8.count), boundary.utf8.allSatisfy(Self.isAllowed), boundary.last != " "
        else {
            throw .contentType(reason: "expected a boundary of 1 to 70 letters, digits and '()+_,-./:=? characters")
        }
        text = boundary
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        // The RFC's characters, and those of tokens, which some clients draw from.
        byte.isTokenCharacter || "'()+_,-./:=? ".utf8.contains(byte)
    }
}
