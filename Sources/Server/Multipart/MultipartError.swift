/// Why a body is not the form that its header announces. Bytes are counted from the start of the body.
package enum MultipartError: Error, Equatable, CustomStringConvertible {
    case contentType(reason: String)
    case missingStart(boundary: String)
    case incomplete(byte: Int, expected: String)
    case malformed(byte: Int, part: Int, reason: String)
    case tooManyParts(byte: Int, limit: Int)
    case headersTooLong(byte: Int, part: Int, limit: Int)
    case undecodable(byte: Int, field: String, charset: String)

    package var description: String {
        switch self {
        case .contentType(let reason): "Content-Type: \(reason)"
        case .missingStart(let boundary): "form: expected a line --\(boundary), as Content-Type says, got none"
        case .incomplete(let byte, let expected): "form: the body ends at byte \(byte), before \(expected)"
        case .malformed(let byte, let part, let reason): "form, part \(part), byte \(byte): \(reason)"
        case .tooManyParts(let byte, let limit): "form, byte \(byte): more than \(limit) parts"
        case .headersTooLong(let byte, let part, let limit):
            "form, part \(part), byte \(byte): headers of more than \(limit) bytes"
        case .undecodable(let byte, let field, let charset): "field '\(field)', byte \(byte): not text in \(charset)"
        }
    }
}
