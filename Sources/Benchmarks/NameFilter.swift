/// Names that are wanted, each exact or with `*` for any characters and `?` for one.
package struct NameFilter: Sendable {
    private let patterns: [String]

    /// - Parameter patterns: none lets every name through.
    package init(_ patterns: [String]) { self.patterns = patterns }

    package func accepts(_ name: String) -> Bool {
        patterns.isEmpty || patterns.contains { Self.matches(Array(name)[...], Array($0)[...]) }
    }

    /// The patterns that none of the names has.
    package func unmatched(_ names: [String]) -> [String] {
        patterns.filter { pattern in !names.contains { NameFilter([pattern]).accepts($0) } }
    }

    private static func matches(_ name: ArraySlice<Character>, _ pattern: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return (name.startIndex...name.endIndex).contains { matches(name[$0...], pattern.dropFirst()) }
        }
        guard let character = name.first, first == "?" || first == character else { return false }
        return matches(name.dropFirst(), pattern.dropFirst())
    }
}
