/// Results as lines of a table, each when it is there.
package enum BenchmarkTable {
    private static let columns: [(title: String, width: Int)] = [
        ("case", 16), ("p50", 10), ("p95", 10), ("rate", 14), ("of peak", 8), ("spread", 7), ("memory", 9),
    ]

    package static var header: String { line(columns.map(\.title) + ["shape"]) }

    package static func row(_ result: BenchmarkResult) -> String {
        line([
            result.name, result.p50.map(time) ?? "-", result.p95.map(time) ?? "-", rate(result),
            result.shareOfPeak.map(percent) ?? "-", (result.spread ?? result.worstError).map(percent) ?? "-",
            decimal(Double(result.peakRSS) / 1e9, 2) + " GB", result.shape,
        ])
    }

    /// The name stands on the left, numbers on the right of their columns, the shape last.
    private static func line(_ cells: [String]) -> String {
        let padded = cells.enumerated().map { index, cell in
            guard index < columns.count else { return cell }
            let blanks = String(repeating: " ", count: max(0, columns[index].width - cell.count))
            return index == 0 ? cell + blanks : blanks + cell
        }
        return padded.joined(separator: "  ")
    }

    private static func rate(_ result: BenchmarkResult) -> String {
        if let tokens = result.tokensPerSecond { return decimal(tokens, 1) + " token/s" }
        if let error = result.error { return decimal(error * 100, 2) + "% error" }
        if let operations = result.gflops { return decimal(operations, 0) + " GFLOP/s" }
        return result.gbps.map { decimal($0, 1) + " GB/s" } ?? "-"
    }

    static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<1e-3: decimal(seconds * 1e6, 0) + " us"
        case ..<1: decimal(seconds * 1e3, 2) + " ms"
        default: decimal(seconds, 2) + " s"
        }
    }

    private static func percent(_ share: Double) -> String { decimal(share * 100, 1) + "%" }

    /// A number that is not negative with so many digits behind the point.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, value < 1e15 else { return "\(value)" }
        let unit = (0..<digits).reduce(1) { power, _ in power * 10 }
        let scaled = Int((value * Double(unit)).rounded())
        guard digits > 0 else { return "\(scaled)" }
        return "\(scaled / unit)." + String(scaled % unit + unit).dropFirst()
    }
}
