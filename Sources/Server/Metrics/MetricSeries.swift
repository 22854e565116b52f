import Metrics
import Synchronization

/// The numbers of one set of dimensions.
protocol MetricSeries: AnyObject, Sendable {
    var snapshot: MetricSnapshot { get }
}

/// What a series says at one moment.
enum MetricSnapshot: Sendable {
    case integer(Int64)
    case number(Double)
    case histogram(MetricHistogram)
}

/// Counts up to the greatest integer and stays there; what is negative is no count.
final class CounterSeries: MetricSeries, CounterHandler {
    private let value = Mutex<Int64>(0)

    var snapshot: MetricSnapshot { .integer(value.withLock { $0 }) }

    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        value.withLock { value in
            let (sum, overflows) = value.addingReportingOverflow(amount)
            value = overflows ? .max : sum
        }
    }

    func reset() { value.withLock { $0 = 0 } }
}

/// The same for parts of ones.
final class FloatingPointCounterSeries: MetricSeries, FloatingPointCounterHandler {
    private let value = Mutex(0.0)

    var snapshot: MetricSnapshot { .number(value.withLock { $0 }) }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        value.withLock { $0 += amount }
    }

    func reset() { value.withLock { $0 = 0 } }
}

/// The last number, which may go up and down.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    var snapshot: MetricSnapshot { .number(value.withLock { $0 }) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// A distribution; durations are recorded in seconds.
final class HistogramSeries: MetricSeries, TimerHandler, RecorderHandler {
    private let histogram: Mutex<MetricHistogram>

    init(_ bounds: [Double]) { histogram = Mutex(MetricHistogram(bounds: bounds)) }

    var snapshot: MetricSnapshot { .histogram(histogram.withLock { $0 }) }

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { histogram.withLock { $0.record(value) } }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}

/// How many values came, their sum, and how many of them each bucket holds.
struct MetricHistogram: Sendable {
    /// Upper ends, ascending; one more bucket holds what lies above all of them.
    let bounds: [Double]
    private(set) var counts: [Int]
    private(set) var sum = 0.0

    init(bounds: [Double]) {
        self.bounds = Set(bounds.filter(\.isFinite)).sorted()
        counts = Array(repeating: 0, count: self.bounds.count + 1)
    }

    /// What is no number or infinite would spoil the sum for ever, and is dropped.
    mutating func record(_ value: Double) {
        guard value.isFinite else { return }
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
