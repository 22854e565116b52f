/// A file, as it was named, and the hash of its bytes when it was used.
package struct SourceFile: Codable, Equatable, Sendable {
    package let path: String
    /// Absent in pictures of a server: whoever has one of those should not learn from it what it was made of.
    package let sha256: String?

    package init(path: String, sha256: String?) { (self.path, self.sha256) = (path, sha256) }
}
