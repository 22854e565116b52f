import Hashing

/// A file, as it was named, and the hash of its bytes when it was used.
package struct SourceFile: Codable, Equatable, Sendable {
    package let path: String
    package let sha256: String

    package init(path: String, sha256: String) { (self.path, self.sha256) = (path, sha256) }

    package init(path: String, content: [UInt8]) {
        self.init(path: path, sha256: Digest(.sha256, of: content).hexadecimal)
    }
}
