/// What can go wrong between this package and libtorch.
package enum TorchError: Error, CustomStringConvertible, Sendable {
    /// libtorch refused an operator call: its name, the shapes of its tensor arguments, libtorch's own words.
    case operation(name: String, shapes: [[Int]], message: String)
    /// No usable libtorch: what was looked at, one line each, and the command that mends it.
    case libraryNotFound(searched: [String])
    /// A libtorch was found and could not be used.
    case libraryUnusable(path: String, reason: String)
    /// A tensor was used before `Engine.load`.
    case notLoaded
    /// A tensor was used outside the engine's thread (checked in debug builds).
    case wrongThread(operation: String)
    /// A device that this machine or this libtorch does not have, or that nobody has tested yet.
    case device(String)
    /// A value of the caller that no operator was asked about.
    case invalid(String)

    package var description: String {
        switch self {
        case .operation(let name, let shapes, let message):
            let list = shapes.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" }.joined(separator: " ")
            return "\(name) \(list): \(message)"
        case .libraryNotFound(let searched):
            return "libtorch was not found. Looked in:\n"
                + searched.map { "  \($0)\n" }.joined() + "Run scripts/bootstrap to install it, or pass --libtorch DIR."
        case .libraryUnusable(let path, let reason):
            return "libtorch in \(path) cannot be used: \(reason)"
        case .notLoaded:
            return "libtorch is not loaded: call Engine.load first"
        case .wrongThread(let operation):
            return "\(operation) was called outside the engine; wrap the call in Engine.run { }"
        case .device(let message), .invalid(let message):
            return message
        }
    }
}
