import OmniGen2

/// What a client is told when a request cannot be served, in OpenAI's shape.
package struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which family of errors, as OpenAI's clients tell them apart.
    package enum Kind: String, Sendable {
        case invalidRequest = "invalid_request_error"
        case authentication = "authentication_error"
        case notFound = "not_found_error"
        case rateLimit = "rate_limit_error"
        case server = "server_error"
    }

    /// The HTTP status.
    package var status: Int
    package var kind: Kind
    /// One line for a person.
    package var message: String
    /// The field that is wrong.
    package var parameter: String?
    /// For programs.
    package var code: String?
    /// Seconds after which it is worth another try.
    package var retryAfter: Int?

    package var description: String { message }

    package init(
        _ status: Int, _ kind: Kind, _ message: String, parameter: String? = nil, code: String? = nil,
        retryAfter: Int? = nil
    ) {
        (self.status, self.kind, self.message) = (status, kind, message)
        (self.parameter, self.code, self.retryAfter) = (parameter, code, retryAfter)
    }

    /// A value of the request that nothing can be done with.
    package static func invalid(_ message: String, _ parameter: String? = nil, code: String? = nil) -> APIError {
        APIError(400, .invalidRequest, message, parameter: parameter, code: code)
    }

    package static func notFound(_ message: String) -> APIError {
        APIError(404, .notFound, message, code: "not_found")
    }

    package static let draining = APIError(
        503, .server, "the server is shutting down", code: "draining", retryAfter: 10)

    /// Work that the end of the server has stopped.
    package static let interrupted = APIError(
        503, .server, "the server ended before this was done", code: "interrupted", retryAfter: 10)

    /// As the body of an answer.
    package var json: JSONValue { .object(["error": fields]) }

    /// The error alone.
    package var fields: JSONValue {
        [
            "message": .string(message), "type": .string(kind.rawValue),
            "param": parameter.map { .string($0) } ?? nil, "code": code.map { .string($0) } ?? nil,
        ]
    }
}

extension APIError {
    /// What a client may know of an error that work has ended with.
    package init(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case GenerationError.invalid(let message): self = .invalid(message)
        case is CancellationError: self = APIError(499, .invalidRequest, "the request was cancelled", code: "cancelled")
        default: self = APIError(500, .server, "the server failed to do this; its log says why", code: "internal_error")
        }
    }

    /// Whether the log should say what happened.
    static func isUnexpected(_ error: any Error) -> Bool {
        switch error {
        case is APIError, GenerationError.invalid, is CancellationError: false
        default: true
        }
    }
}
