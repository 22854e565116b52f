import OmniGen2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Measures one thing after the other, and the machine's peaks in between.
package final class Stopwatch {
    /// Alternating pairs of a case and its peak.
    private let pairs: Int
    /// Every peak that was measured.
    package private(set) var peaks: [MachinePeak: [Double]] = [:]

    /// Short cases are repeated for so many seconds in a pair.
    private static let secondsOfPair = 0.25
    /// A first run of so many seconds or more counts; a shorter one is for the caches.
    private static let secondsOfWarmUp = 5.0
    /// libtorch's threads spin for a while after an operator, and would take from the peak.
    private static let pause: UInt32 = 20_000

    package init(pairs: Int) { self.pairs = pairs }

    /// Runs of the case, the peak, the case, the peak, ...
    ///
    /// - Throws: what the case throws; `CancellationError` between runs when the task is cancelled.
    func measure(_ name: String, _ shape: String, _ measurement: Measurement) throws -> BenchmarkResult {
        let first = try seconds(measurement)
        var blocks: [[Double]] = first < Self.secondsOfWarmUp ? [] : [[first]]
        var shares: [Double] = []
        if let block = blocks.first { shares += share(block, measurement.work) }
        while blocks.count < pairs {
            let block = try block(measurement)
            blocks.append(block)
            shares += share(block, measurement.work)
        }
        return result(name, shape, measurement, blocks.flatMap { $0 }, shares)
    }

    /// A peak by itself.
    func measure(_ peak: MachinePeak) { peaks[peak, default: []].append(peak.measured()) }

    private func block(_ measurement: Measurement) throws -> [Double] {
        var times: [Double] = []
        var sum = 0.0
        repeat {
            times.append(try seconds(measurement))
            sum += times[times.count - 1]
        } while sum < Self.secondsOfPair
        return times
    }

    private func seconds(_ measurement: Measurement) throws -> Double {
        try Task.checkCancellation()
        return try ContinuousClock().measure(measurement.run).seconds
    }

    /// The rate of a block over the peak of right now.
    private func share(_ block: [Double], _ work: Measurement.Work) -> [Double] {
        guard let peak = work.peak, let amount = work.amount else { return [] }
        usleep(Self.pause)
        let rate = peak.measured()
        peaks[peak, default: []].append(rate)
        return rate > 0 ? [amount / block.median / rate] : []
    }

    private func result(
        _ name: String, _ shape: String, _ measurement: Measurement, _ times: [Double], _ shares: [Double]
    ) -> BenchmarkResult {
        var result = BenchmarkResult(name: name, shape: shape, peakRSS: measurement.memory())
        let median = times.median
        result.p50 = median / Double(measurement.count)
        result.p95 = times.quantile(0.95) / Double(measurement.count)
        switch measurement.work {
        case .operations(let amount, _): result.gflops = amount / median / 1e9
        case .bytes(let amount): result.gbps = amount / median / 1e9
        case .uncounted: break
        }
        result.tokensPerSecond = measurement.tokens.map { Double($0) / median }
        if !shares.isEmpty { (result.shareOfPeak, result.spread) = (shares.median, shares.extent) }
        return result
    }
}
