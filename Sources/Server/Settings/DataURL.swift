#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Bytes that stand in an address: `data:image/png;base64,…`, or the base64 alone.
package enum DataURL {
    /// - Returns: `nil` when the text is neither.
    package static func bytes(_ text: String) -> [UInt8]? {
        if text.hasPrefix("data:") {
            guard let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) else { return nil }
            guard text[..<comma].hasSuffix(";base64") else { return nil }
            return base64(text[text.utf8.index(after: comma)...])
        }
        return base64(text[...])
    }

    private static func base64(_ text: Substring) -> [UInt8]? {
        guard let data = Data(base64Encoded: String(text), options: .ignoreUnknownCharacters), !data.isEmpty else {
            return nil
        }
        return Array(data)
    }

    /// The text for bytes.
    package static func text(_ bytes: [UInt8], mediaType: String) -> String {
        "data:\(mediaType);base64,\(bytes.base64)"
    }
}

extension [UInt8] {
    /// The bytes as base64.
    package var base64: String { Data(self).base64EncodedString() }
}
