/// How Prometheus treats the numbers of a name.
enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// All series of one name.
struct MetricFamily: Sendable {
    let name: String
    let help: String
    let kind: MetricKind
    var series: [MetricLabels: any MetricSeries] = [:]

    /// The series of `labels`, or the common one of all that are too many. nil if another class of series is there:
    /// an integer counter and a floating counter of the same name.
    mutating func series<Series: MetricSeries>(
        _ labels: MetricLabels, limit: Int, make: () -> Series
    ) -> Series? {
        let isKnown = series[labels] != nil
        let labels = isKnown || labels.pairs.isEmpty || series.count < limit ? labels : labels.other
        if let existing = series[labels] { return existing as? Series }
        guard series.isEmpty || series.values.first is Series else { return nil }
        let made = make()
        series[labels] = made
        return made
    }
}
