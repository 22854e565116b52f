/// The dimensions of a series: names that Prometheus allows, sorted, each once.
struct MetricLabels: Hashable, Comparable, Sendable {
    struct Pair: Hashable, Sendable {
        let name: String
        let value: String
    }

    let pairs: [Pair]

    /// Bytes of a value, which may be a client's: more are cut off.
    private static let maximumValueBytes = 256

    private init(pairs: [Pair]) { self.pairs = pairs }

    /// Of dimensions that become the same name, the last one counts.
    init(_ dimensions: [(String, String)], isHistogram: Bool) {
        var values: [String: String] = [:]
        for (dimension, value) in dimensions {
            var name = MetricName.sanitizedLabel(dimension)
            // A histogram's own label.
            if isHistogram && name == "le" { name = "dimension_le" }
            values[name] = Self.cut(value)
        }
        pairs = values.sorted { $0.key < $1.key }.map { Pair(name: $0.key, value: $0.value) }
    }

    /// The same names, with the value that stands for all the rest.
    var other: MetricLabels { MetricLabels(pairs: pairs.map { Pair(name: $0.name, value: "other") }) }

    static func < (left: MetricLabels, right: MetricLabels) -> Bool {
        left.pairs.lexicographicallyPrecedes(right.pairs) { ($0.name, $0.value) < ($1.name, $1.value) }
    }

    private static func cut(_ value: String) -> String {
        guard value.utf8.count > maximumValueBytes else { return value }
        var cut = value.unicodeScalars.prefix(maximumValueBytes)
        while cut.reduce(0, { $0 + UTF8.width($1) }) > maximumValueBytes { cut.removeLast() }
        return String(cut)
    }
}

/// Names as Prometheus allows them.
enum MetricName {
    /// Letters, digits, `_` and `:`, the first no digit.
    static func sanitized(_ label: String) -> String { sanitized(label, allowsColon: true) }

    /// Letters, digits and `_`, the first no digit; two underscores at the start are Prometheus's own.
    static func sanitizedLabel(_ dimension: String) -> String {
        let name = sanitized(dimension, allowsColon: false)
        return name.hasPrefix("__") ? "dimension" + name : name
    }

    private static func sanitized(_ text: String, allowsColon: Bool) -> String {
        var name = ""
        for character in text.unicodeScalars {
            switch character {
            case "a"..."z", "A"..."Z", "0"..."9", "_": name.unicodeScalars.append(character)
            case ":" where allowsColon: name.unicodeScalars.append(character)
            default: name.append("_")
            }
        }
        let startsWithDigit = name.unicodeScalars.first.map { ("0"..."9").contains($0) } ?? true
        return startsWithDigit ? "_" + name : name
    }
}
