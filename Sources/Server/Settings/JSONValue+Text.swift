import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension JSONValue {
    /// The document in one line.
    package func line() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    /// The document in one line, as text; empty where a number cannot be written.
    package var compactText: String { (try? line()).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Its beginning, for an error.
    package var excerpt: String {
        let text = compactText
        return text.count > 60 ? "\(text.prefix(60))…" : text
    }

    package init(_ error: APIError) { self = error.fields }

    /// `null` where there is none.
    package init(_ value: Double?) { self = value.map { .double($0) } ?? .null }
    package init(_ value: Int?) { self = value.map { .int($0) } ?? .null }
    package init(_ value: String?) { self = value.map { .string($0) } ?? .null }
}
