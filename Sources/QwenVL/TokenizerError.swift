/// Why a tokenizer could not be read from its files, or does not behave like the one its files describe.
package enum TokenizerError: Error, Equatable, CustomStringConvertible {
    case missingFiles(folder: String)
    case unreadable(path: String, reason: String)
    case notJSON(path: String, offset: Int, expected: String, got: String)
    case malformed(path: String, what: String, expected: String, got: String)
    case unknownMergeToken(path: String, merge: Int, token: String)
    case unsupported(path: String, what: String, expected: String, got: String)

    package var description: String {
        switch self {
        case .missingFiles(let folder):
            "\(folder): no tokenizer here; expected tokenizer.json, or vocab.json with merges.txt"
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason)"
        case .notJSON(let path, let offset, let expected, let got):
            "\(path): not valid JSON at byte \(offset): expected \(expected), got \(got)"
        case .malformed(let path, let what, let expected, let got):
            "\(path): \(what): expected \(expected), got \(got)"
        case .unknownMergeToken(let path, let merge, let token):
            "\(path): merge \(merge): expected tokens of the vocabulary, got \"\(token)\""
        case .unsupported(let path, let what, let expected, let got):
            "\(path): unsupported \(what): expected \(expected), got \(got)"
        }
    }
}
