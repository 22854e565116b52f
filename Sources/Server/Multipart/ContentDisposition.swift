/// The header that says which field of a form a part is (RFC 7578, section 4.2).
struct ContentDisposition: Sendable {
    let name: String
    let filename: String?

    /// Throws what is wrong, and where in `text`. `filename*`, which forms must not use, is passed over.
    init(parsing text: ArraySlice<UInt8>) throws(HeaderParameters.Failure) {
        let header = try HeaderParameters(parsing: text)
        guard header.value == "form-data" else {
            throw .init(offset: 0, reason: "expected the disposition form-data, got \(header.value)")
        }
        guard let name = header["name"] else { throw .init(offset: 0, reason: "expected a name, got none") }
        self.name = name
        filename = header["filename"]
    }
}
