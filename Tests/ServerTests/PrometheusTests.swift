import Metrics
import Testing

@testable import Server

@Suite struct PrometheusTests {
    @Test func everyKindIsWrittenInTheTextFormat() {
        let metrics = PrometheusMetrics(
            help: ["jobs": "Jobs \\ of\nall clients", "queue": "Jobs in line"], buckets: ["bytes": [10, 1000]])
        Counter(label: "jobs", dimensions: [("status", "ok"), ("client", "a\"b\\c\nd")], factory: metrics)
            .increment(by: 3)
        FloatingPointCounter(label: "energy", factory: metrics).increment(by: 1.5)
        let meter = Meter(label: "queue", factory: metrics)
        meter.set(5)
        meter.increment(by: 2)
        meter.decrement(by: 3.5)
        Gauge(label: "load.average", factory: metrics).record(0.25)
        let bytes = Recorder(label: "bytes", factory: metrics)
        for count in [1, 10, 11, 100_000] { bytes.record(count) }
        #expect(
            metrics.text() == """
                # HELP bytes bytes
                # TYPE bytes histogram
                bytes_bucket{le="10.0"} 2
                bytes_bucket{le="1000.0"} 3
                bytes_bucket{le="+Inf"} 4
                bytes_sum 100022.0
                bytes_count 4
                # HELP energy_total energy
                # TYPE energy_total counter
                energy_total 1.5
                # HELP jobs_total Jobs \\\\ of\\nall clients
                # TYPE jobs_total counter
                jobs_total{client="a\\"b\\\\c\\nd",status="ok"} 3
                # HELP load_average load.average
                # TYPE load_average gauge
                load_average 0.25
                # HELP queue Jobs in line
                # TYPE queue gauge
                queue 3.5

                """)
    }

    @Test func timersAreHistogramsOfSeconds() {
        let metrics = PrometheusMetrics()
        let timer = Timer(label: "http.request.duration", dimensions: [("le", "x")], factory: metrics)
        timer.recordMilliseconds(20)
        timer.recordSeconds(700)
        let lines = metrics.text().split(separator: "\n")
        let name = "http_request_duration_seconds"
        #expect(lines[1] == "# TYPE \(name) histogram")
        #expect(lines.contains("\(name)_bucket{dimension_le=\"x\",le=\"0.01\"} 0"))
        #expect(lines.contains("\(name)_bucket{dimension_le=\"x\",le=\"0.025\"} 1"))
        #expect(lines.contains("\(name)_bucket{dimension_le=\"x\",le=\"600.0\"} 1"))
        #expect(lines.contains("\(name)_bucket{dimension_le=\"x\",le=\"+Inf\"} 2"))
        #expect(lines.contains("\(name)_sum{dimension_le=\"x\"} 700.02"))
        #expect(lines.contains("\(name)_count{dimension_le=\"x\"} 2"))
    }

    @Test(arguments: [
        ("a.b-c/d", "a_b_c_d"), ("1st", "_1st"), ("", "_"), ("é", "_"), ("a:b", "a:b"),
    ])
    func namesBecomeWhatPrometheusAllows(label: String, name: String) {
        #expect(MetricName.sanitized(label) == name)
    }

    @Test func namesOfDimensionsBecomeWhatPrometheusAllows() {
        #expect(MetricName.sanitizedLabel("a:b") == "a_b")
        #expect(MetricName.sanitizedLabel("__name__") == "dimension__name__")
        let labels = MetricLabels([("b", "1"), ("a.", "2"), ("a-", "3")], isHistogram: false)
        #expect(labels.pairs == [.init(name: "a_", value: "3"), .init(name: "b", value: "1")])
    }

    @Test func aNameThatHasItsEndAlreadyGetsNoOther() {
        let metrics = PrometheusMetrics()
        Counter(label: "a_total", factory: metrics).increment()
        Timer(label: "b_seconds", factory: metrics).recordSeconds(1)
        #expect(metrics.text().contains("\na_total 1\n") && metrics.text().contains("\nb_seconds_count 1\n"))
    }

    @Test func theSameDimensionsAreTheSameSeriesInAnyOrder() {
        let metrics = PrometheusMetrics()
        Counter(label: "a", dimensions: [("x", "1"), ("y", "2")], factory: metrics).increment()
        Counter(label: "a", dimensions: [("y", "2"), ("x", "1")], factory: metrics).increment()
        #expect(metrics.text().hasSuffix("a_total{x=\"1\",y=\"2\"} 2\n"))
    }

    @Test func oneNameHasOneType() {
        let metrics = PrometheusMetrics()
        Meter(label: "a", factory: metrics).set(1)
        Recorder(label: "a", factory: metrics).record(1)
        Counter(label: "b", factory: metrics).increment()
        FloatingPointCounter(label: "b", factory: metrics).increment(by: 0.5)
        let types = metrics.text().split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
        #expect(
            types == [
                "# TYPE a gauge", "# TYPE a_histogram histogram", "# TYPE b_total counter",
                "# TYPE b_total_counter counter",
            ])
    }

    @Test func clientsCannotMakeMoreSeriesThanTheLimit() {
        let metrics = PrometheusMetrics(maximumSeries: 3)
        for client in 0..<1000 {
            Counter(label: "a", dimensions: [("client", "\(client)"), ("b", "c")], factory: metrics).increment()
        }
        let lines = metrics.text().split(separator: "\n").dropFirst(2)
        #expect(lines.count == 4)
        #expect(lines.last == "a_total{b=\"other\",client=\"other\"} 997")
    }

    @Test func longValuesAreCutBetweenCharacters() {
        let labels = MetricLabels([("a", "x" + String(repeating: "é", count: 200))], isHistogram: false)
        #expect(labels.pairs[0].value == "x" + String(repeating: "é", count: 127))
    }

    @Test func countersOnlyGoUpAndNeverOverflow() {
        let counter = CounterSeries()
        counter.increment(by: -1)
        counter.increment(by: .max)
        counter.increment(by: 1)
        guard case .integer(.max) = counter.snapshot else { return #expect(Bool(false), "\(counter.snapshot)") }
        let floating = FloatingPointCounterSeries()
        for amount in [-1, .nan, .infinity, 2] { floating.increment(by: amount) }
        guard case .number(2) = floating.snapshot else { return #expect(Bool(false), "\(floating.snapshot)") }
    }

    @Test func whatIsNoNumberDoesNotSpoilAHistogram() {
        var histogram = MetricHistogram(bounds: [2, 1, .infinity, 1])
        for value in [.nan, .infinity, 1, 1.5, -3, 9] { histogram.record(value) }
        #expect(histogram.bounds == [1, 2] && histogram.counts == [2, 1, 1] && histogram.sum == 8.5)
    }

    @Test func aDestroyedMetricIsGone() {
        let metrics = PrometheusMetrics()
        let counter = Counter(label: "a", dimensions: [("b", "c")], factory: metrics)
        Counter(label: "a", factory: metrics).increment()
        counter.destroy()
        #expect(metrics.text() == "# HELP a_total a\n# TYPE a_total counter\na_total 1\n")
    }

    @Test func countsFromManyTasksAreAllThere() async {
        let metrics = PrometheusMetrics()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 { Counter(label: "a", factory: metrics).increment() }
                }
            }
        }
        #expect(metrics.text().hasSuffix("a_total 8000\n"))
    }
}
