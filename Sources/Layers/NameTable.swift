/// How a foreign file spells the names of a checkpoint: rows of a published and a stored beginning of a name, tried in
/// order in either direction; what follows the beginning is spelled alike.
///
/// Names are compared by their dotted parts. `*` stands for a number, which is carried over; `~` in the stored spelling
/// for the same number counted from the other end. The empty beginning fits every name.
package struct NameTable: Sendable {
    package struct Row: Sendable {
        fileprivate let published, stored: [Substring]
        fileprivate let isPointwiseConvolution: Bool

        /// - Parameter pointwiseConvolution: the file stores [outputs, inputs, 1, 1] where the published weight is
        ///   [outputs, inputs].
        package init(_ published: String, _ stored: String, pointwiseConvolution: Bool = false) {
            self.published = published.split(separator: ".")
            self.stored = stored.split(separator: ".")
            isPointwiseConvolution = pointwiseConvolution
        }
    }

    /// Before every stored name: "" or dotted parts that end in a dot.
    package let prefix: String
    private let rows: [Row]
    private let reversedCount: Int

    /// - Parameter reversedCount: how many numbers `~` counts over.
    package init(prefix: String = "", rows: [Row], reversedCount: Int = 0) {
        self.prefix = prefix
        self.rows = rows
        self.reversedCount = reversedCount
    }

    /// The published name of a stored one, and whether its weight is stored as a 1x1 convolution; `nil` for a name that
    /// has no published spelling.
    package func published(_ stored: String) -> (name: String, isPointwiseConvolution: Bool)? {
        guard stored.hasPrefix(prefix) else { return nil }
        let parts = stored.dropFirst(prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        for row in rows {
            guard let name = rewrite(parts, from: row.stored, to: row.published) else { continue }
            return (name, row.isPointwiseConvolution)
        }
        return nil
    }

    /// The stored name of a published one; the name itself where no row fits.
    package func stored(_ published: String) -> String {
        let parts = published.split(separator: ".", omittingEmptySubsequences: false)
        for row in rows {
            if let name = rewrite(parts, from: row.published, to: row.stored) { return prefix + name }
        }
        return prefix + published
    }

    private func rewrite(_ parts: [Substring], from pattern: [Substring], to other: [Substring]) -> String? {
        guard parts.count >= pattern.count else { return nil }
        var numbers: [Int] = []
        for (part, expected) in zip(parts, pattern) {
            guard Self.isNumber(expected) else {
                guard part == expected else { return nil }
                continue
            }
            guard let number = Int(part), number >= 0, String(number) == part else { return nil }
            numbers.append(number)
        }
        // The numbers of both patterns stand in one order.
        let slots = zip(pattern.filter(Self.isNumber), other.filter(Self.isNumber)).map { ($0 == "~") != ($1 == "~") }
        guard slots.count == numbers.count else { return nil }
        for (slot, isReversed) in slots.enumerated() where isReversed {
            guard numbers[slot] < reversedCount else { return nil }
            numbers[slot] = reversedCount - 1 - numbers[slot]
        }
        var next = numbers.makeIterator()
        let rewritten = other.map { Self.isNumber($0) ? next.next().map(String.init) ?? "" : String($0) }
        return (rewritten + parts.dropFirst(pattern.count).map(String.init)).joined(separator: ".")
    }

    private static func isNumber(_ part: Substring) -> Bool { part == "*" || part == "~" }
}
