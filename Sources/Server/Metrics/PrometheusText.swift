/// Writes metrics in Prometheus's text exposition format 0.0.4.
struct PrometheusText {
    private(set) var text = ""

    /// Begins the lines of a name.
    mutating func begin(name: String, help: String, kind: MetricKind) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func append(_ snapshot: MetricSnapshot, name: String, labels: MetricLabels) {
        switch snapshot {
        case .integer(let value): line(name, labels, "\(value)")
        case .number(let value): line(name, labels, Self.number(value))
        case .histogram(let histogram): append(histogram, name, labels)
        }
    }

    private mutating func append(_ histogram: MetricHistogram, _ name: String, _ labels: MetricLabels) {
        var count = 0
        for (bound, inBucket) in zip(histogram.bounds + [.infinity], histogram.counts) {
            count += inBucket
            line(name + "_bucket", labels, "\(count)", bound: bound)
        }
        line(name + "_sum", labels, Self.number(histogram.sum))
        line(name + "_count", labels, "\(count)")
    }

    private mutating func line(_ name: String, _ labels: MetricLabels, _ value: String, bound: Double? = nil) {
        var pairs = labels.pairs.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
        if let bound { pairs.append("le=\"\(Self.number(bound))\"") }
        text += pairs.isEmpty ? "\(name) \(value)\n" : "\(name){\(pairs.joined(separator: ","))} \(value)\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
