import HTTPTypes
import Hummingbird
import NIOCore
import OmniGen2

/// What a request brings: its fields, and files if it is a form.
struct RequestContent: Sendable {
    var fields: Fields
    /// Name of the form's field, and bytes.
    var files: [(name: String, bytes: [UInt8])] = []
    /// What it takes of the server's memory, for as long as somebody holds this.
    let lease: RequestBudget.Lease
}

/// Reads the bodies of requests, none too large, too slow, or one too many.
struct RequestReader: Sendable {
    let limits: RequestLimits
    private let budget: RequestBudget

    init(_ limits: RequestLimits) {
        self.limits = limits
        budget = RequestBudget(capacity: 8 * limits.bodyBytes)
    }

    /// - Throws: `APIError` when it is too large, too slow, or none of the forms that are read.
    func content(_ request: Request) async throws -> RequestContent {
        let lease = budget.lease()
        let bytes = try await body(request, lease)
        let type = request.headers[.contentType] ?? ""
        if type.lowercased().hasPrefix("multipart/form-data") {
            let (fields, files) = try Self.form(bytes, type)
            return RequestContent(fields: fields, files: files, lease: lease)
        }
        do {
            return RequestContent(fields: try Fields(JSONValue(parsing: bytes)), lease: lease)
        } catch let error as JSONValue.ParsingError {
            throw APIError.invalid("the body is not JSON: \(error)", code: "invalid_json")
        }
    }

    private func body(_ request: Request, _ lease: RequestBudget.Lease) async throws -> [UInt8] {
        if let text = request.headers[.contentLength], let length = Int(text), length > limits.bodyBytes {
            throw APIError(
                413, .invalidRequest, "the request has \(length) bytes, \(limits.bodyBytes) are taken",
                code: "too_large"
            )
        }
        let body = request.body
        let limit = limits.bodyBytes
        let buffer = try await withDeadline(seconds: limits.bodySeconds) {
            var all = ByteBuffer()
            do {
                for try await var part in body {
                    guard all.readableBytes + part.readableBytes <= limit else {
                        throw APIError(
                            413, .invalidRequest, "the request is larger than the \(limit) bytes that are taken",
                            code: "too_large")
                    }
                    try lease.extend(by: part.readableBytes)
                    all.writeBuffer(&part)
                }
            } catch let error as APIError {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                throw APIError.invalid("the request's body did not come as HTTP says", code: "invalid_body")
            }
            return all
        }
        return Array(buffer.readableBytesView)
    }

    private static func form(
        _ bytes: [UInt8], _ type: String
    ) throws -> (Fields, [(name: String, bytes: [UInt8])]) {
        let form: MultipartForm
        do {
            form = try MultipartForm(bytes, contentType: type)
        } catch {
            throw APIError.invalid("\(error)", code: "invalid_form")
        }
        var (texts, files): ([(name: String, text: String)], [(name: String, bytes: [UInt8])]) = ([], [])
        do {
            for part in form.parts {
                if part.filename != nil {
                    files.append((part.name, part.bytes))
                } else {
                    texts.append((part.name, try part.text()))
                }
            }
        } catch {
            throw APIError.invalid("\(error)", code: "invalid_form")
        }
        return (Fields(form: texts), files)
    }
}

/// Runs work that must end in time.
func withDeadline<R: Sendable>(seconds: Int, _ work: @escaping @Sendable () async throws -> R) async throws -> R {
    try await withThrowingTaskGroup(of: R.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: .seconds(seconds))
            throw APIError(408, .invalidRequest, "the request did not come within \(seconds) s", code: "too_slow")
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
