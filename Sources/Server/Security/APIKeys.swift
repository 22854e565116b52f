import Hashing

/// The keys that a server accepts, each with the name of its client. Holds their hashes, not the keys.
package struct APIKeys: Sendable {
    private struct Entry: Sendable {
        let client: String
        let digest: Digest
        /// Where it was given, for errors.
        let place: String
    }

    private static let minimumLength = 16
    private static let maximumLength = 1024

    private var entries: [Entry] = []

    package var isEmpty: Bool { entries.isEmpty }

    /// Takes each of `keys` as `name:key` or a bare `key`. Throws `APIKeysError`, which names a key by its number.
    package init(_ keys: [String]) throws(APIKeysError) {
        for (index, key) in keys.enumerated() { try add(key[...], place: "key \(index + 1)", number: index + 1) }
    }

    /// Takes a file's `contents`, a key in each line; empty lines and those that start with `#` say nothing.
    /// Throws `APIKeysError`, which names `file` and the line.
    package init(contents: String, file: String) throws(APIKeysError) {
        for (index, line) in contents.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        {
            let line = line.trimmingSpaces()
            if line.isEmpty || line.first == "#" { continue }
            try add(line, place: "\(file), line \(index + 1)", number: index + 1)
        }
    }

    /// The name of the client whose key `presented` is; nil if it is nobody's.
    ///
    /// A comparison that stops at the first difference takes longer the more of a key has been guessed. So hashes are
    /// compared, all of them, each in whole: what the time depends on is the length of `presented` alone, and how near
    /// a hash is says nothing about the key.
    package func client(for presented: String) -> String? {
        let digest = Digest(.sha256, of: Array(presented.utf8))
        var client: String?
        for entry in entries where entry.digest == digest { client = entry.client }
        return client
    }

    /// A bare key has no colon; its client is called by its number.
    private mutating func add(_ text: Substring, place: String, number: Int) throws(APIKeysError) {
        var name = "key-\(number)"
        var key = text
        if let colon = text.firstIndex(of: ":") {
            name = String(text[..<colon])
            key = text[text.index(after: colon)...]
            // What is no name may be a part of a key, so the error does not show it.
            guard Self.isName(name) else { throw .invalidName(place: place) }
        }
        guard (Self.minimumLength...Self.maximumLength).contains(key.utf8.count) else {
            throw .invalidLength(
                place: place, minimum: Self.minimumLength, maximum: Self.maximumLength, got: key.utf8.count)
        }
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .invalidCharacter(place: place) }
        let digest = Digest(.sha256, of: Array(key.utf8))
        if let other = entries.first(where: { $0.digest == digest }) {
            throw .repeated(place: place, firstPlace: other.place)
        }
        entries.append(Entry(client: name, digest: digest, place: place))
    }

    private static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                switch $0 {
                case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "@": true
                default: false
                }
            }
    }
}

/// Why a key is refused. No case holds the key.
package enum APIKeysError: Error, Equatable, CustomStringConvertible {
    case invalidLength(place: String, minimum: Int, maximum: Int, got: Int)
    case invalidCharacter(place: String)
    case invalidName(place: String)
    case repeated(place: String, firstPlace: String)

    package var description: String {
        switch self {
        case .invalidLength(let place, let minimum, let maximum, let got):
            "\(place): expected a key of \(minimum) to \(maximum) characters, got \(got)"
        case .invalidCharacter(let place):
            "\(place): expected a key of visible ASCII characters, got another character"
        case .invalidName(let place):
            "\(place): expected a client's name of 1 to 64 letters, digits and '-_.@' before the colon, got another"
        case .repeated(let place, let firstPlace): "\(place): the same key as \(firstPlace)"
        }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var text = drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
