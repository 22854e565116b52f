import Metrics
import Synchronization

/// Keeps what the program counts and measures, to be shown as Prometheus text: a backend of swift-metrics.
///
/// Labels become names that Prometheus allows. Counters are called `..._total`; timers are histograms of seconds
/// called `..._seconds`, recorders are histograms, or gauges when they do not aggregate.
package final class PrometheusMetrics: MetricsFactory, Sendable {
    /// Upper ends of histogram buckets, in seconds: from an answer that is at hand to a large picture on a CPU.
    package static let secondsBuckets: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
    ]

    /// The Content-Type of an answer with `text()`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let help: [String: String]
    private let buckets: [String: [Double]]
    private let maximumSeries: Int
    private let families = Mutex<[String: MetricFamily]>([:])

    /// - Parameters:
    ///   - help: What a label means, for those who read the text.
    ///   - buckets: Upper ends of the buckets of a label; `secondsBuckets` for others.
    ///   - maximumSeries: Sets of dimensions that a label may have. What comes after them is counted together, with
    ///     every value `other`: dimensions may come from clients, and memory must not.
    package init(help: [String: String] = [:], buckets: [String: [Double]] = [:], maximumSeries: Int = 200) {
        self.help = help
        self.buckets = buckets
        self.maximumSeries = max(1, maximumSeries)
    }

    /// All metrics as they are now, in the text format 0.0.4. Sorted, so that two texts can be compared.
    package func text() -> String {
        var text = PrometheusText()
        for family in families.withLock({ Array($0.values) }).sorted(by: { $0.name < $1.name }) {
            text.begin(name: family.name, help: family.help, kind: family.kind)
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                text.append(series.snapshot, name: family.name, labels: labels)
            }
        }
        return text.text
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter, suffix: "_total") { CounterSeries() }
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter, suffix: "_total") { FloatingPointCounterSeries() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { GaugeSeries() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return series(label, dimensions, .gauge) { GaugeSeries() } }
        return series(label, dimensions, .histogram) { HistogramSeries(bounds(label)) }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram, suffix: "_seconds") { HistogramSeries(bounds(label)) }
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    private func bounds(_ label: String) -> [Double] { buckets[label] ?? Self.secondsBuckets }

    /// The series of these dimensions, the same object each time. One name has one type in the text: if another type
    /// of metric has it already, the type is appended.
    private func series<Series: MetricSeries>(
        _ label: String, _ dimensions: [(String, String)], _ kind: MetricKind, suffix: String = "", make: () -> Series
    ) -> Series {
        let labels = MetricLabels(dimensions, isHistogram: kind == .histogram)
        let plainName = MetricName.sanitized(label)
        var name = plainName.hasSuffix(suffix) ? plainName : plainName + suffix
        return families.withLock { families in
            while true {
                var family = families[name] ?? MetricFamily(name: name, help: help[label] ?? label, kind: kind)
                if family.kind == kind, let series = family.series(labels, limit: maximumSeries, make: make) {
                    families[name] = family
                    return series
                }
                name += "_\(kind.rawValue)"
            }
        }
    }

    private func remove(_ handler: AnyObject) {
        families.withLock { families in
            for (name, family) in families {
                guard let labels = family.series.first(where: { $0.value === handler })?.key else { continue }
                families[name]?.series[labels] = nil
                if family.series.count == 1 { families[name] = nil }
            }
        }
    }
}
