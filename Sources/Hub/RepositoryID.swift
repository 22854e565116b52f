/// A model repository on the hub and one revision of it: `owner/name` or `owner/name@revision`.
package struct RepositoryID: Sendable, Equatable, CustomStringConvertible {
    /// `owner/name`, or the bare `name` of the hub's oldest repositories.
    package let name: String
    /// Branch, tag or commit; `main` unless told.
    package let revision: String

    package var description: String { revision == "main" ? name : "\(name)@\(revision)" }

    /// Parses and validates; the rules are those of `huggingface_hub` (`validate_repo_id`). Throws
    /// `HubError.invalidRepository`.
    package init(_ text: String) throws {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        name = parts.first.map(String.init) ?? ""
        revision = parts.count > 1 ? String(parts[1]) : "main"
        if let reason = Self.objection(toName: name) ?? PathSafety.objection(to: revision) {
            throw HubError.invalidRepository(text, reason: reason)
        }
    }

    /// Folder of the repository inside the cache.
    var folderName: String { "models--" + name.split(separator: "/").joined(separator: "--") }

    private static func objection(toName name: String) -> String? {
        let components = name.split(separator: "/", omittingEmptySubsequences: false)
        if components.count > 2 { return "there is more than one '/'" }
        if name.utf8.count > 96 { return "it is longer than 96 characters" }
        if name.contains("--") || name.contains("..") { return "'--' and '..' are not allowed" }
        if name.hasSuffix(".git") { return "it ends in '.git'" }
        for component in components {
            guard let first = component.first, let last = component.last else { return "a part of it is empty" }
            if "-.".contains(first) || "-.".contains(last) { return "'\(component)' starts or ends with '-' or '.'" }
            let isAllowed = component.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
            if !isAllowed { return "'\(component)' has a character other than letters, digits, '-', '_' and '.'" }
        }
        return nil
    }
}

/// Names that come from outside become paths inside the cache: none may lead out of it.
enum PathSafety {
    /// Why `path` may not be used as a relative path, or nil when it may.
    static func objection(to path: String) -> String? {
        if path.hasPrefix("/") { return "it is an absolute path" }
        if path.utf8.contains(where: { $0 < 32 || $0 == 127 }) { return "it has a control character" }
        if path.contains("\\") { return "it has a backslash" }
        for component in path.split(separator: "/", omittingEmptySubsequences: false) {
            if component.isEmpty { return "a part of it is empty" }
            if component == "." || component == ".." { return "it has a part '\(component)'" }
            if component.utf8.count > 255 { return "a part of it is longer than 255 bytes" }
        }
        return nil
    }

    static func isHexadecimal(_ text: String, digits: Int) -> Bool {
        text.utf8.count == digits
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// RFC 3986 percent encoding of all but unreserved characters; `keepSlashes` for paths.
    static func percentEncoded(_ text: String, keepSlashes: Bool) -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            let scalar = Character(UnicodeScalar(byte))
            let isUnreserved = byte < 128 && (scalar.isLetter || scalar.isNumber || "-._~".contains(scalar))
            if isUnreserved || (keepSlashes && scalar == "/") {
                result.append(scalar)
            } else {
                result += "%" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
            }
        }
        return result
    }
}
