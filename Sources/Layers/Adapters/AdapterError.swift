/// Why an adapter cannot be used.
package enum AdapterError: Error, CustomStringConvertible, Sendable {
    case missing(path: String)
    case wrongShape(path: String, key: String, expected: String, got: [Int])
    case unusable(path: String, key: String, reason: String)
    case configuration(path: String, reason: String)
    case nothingMatched(path: String, unmatched: [UnmatchedKey])
    case notTaken(paths: [String])

    package var description: String {
        switch self {
        case .missing(let path): "\(path): no such adapter"
        case .wrongShape(let path, let key, let expected, let got):
            "\(path): tensor \(quoted(key)) has shape \(got), the model asks for \(expected)"
        case .unusable(let path, let key, let reason): "\(path): tensor \(quoted(key)): \(reason)"
        case .configuration(let path, let reason): "\(path): \(reason)"
        case .nothingMatched(let path, let unmatched):
            "\(path): none of its \(unmatched.count) keys belongs to the model"
                + (unmatched.first.map { ", such as \(quoted($0.key)): \($0.reason)" } ?? "")
        case .notTaken(let paths):
            "adapters for \(paths.count) layers that the model does not read as linear, such as "
                + paths.prefix(3).joined(separator: ", ")
        }
    }
}

/// A key of an adapter file that nothing was made of.
package struct UnmatchedKey: Equatable, Sendable {
    package let key: String
    package let reason: String
}
