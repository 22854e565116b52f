/// What was measured of one case: a row of the table, or a line of JSON.
package struct BenchmarkResult: Equatable, Sendable {
    package var name: String
    package var shape: String
    /// Median and 95th percentile of the repetitions, in seconds; none of a peak.
    package var p50: Double?
    package var p95: Double?
    /// 10^9 operations a second at the median, a multiplication and an addition being two; or 10^9 bytes that are read a
    /// second, where that is what takes the time.
    package var gflops: Double?
    package var gbps: Double?
    /// Tokens a second at the median, of what makes text.
    package var tokensPerSecond: Double?
    /// The rate over the machine's peak measured right after: median of the pairs.
    package var shareOfPeak: Double?
    /// Largest less smallest share of the pairs; of a peak, largest less smallest over the median.
    package var spread: Double?
    /// Error of rounded weights as a share of what is compared, and the largest of several.
    package var error: Double?
    package var worstError: Double?
    /// Most bytes of memory that the process held during the case.
    package var peakRSS: Int

    package init(name: String, shape: String, peakRSS: Int) {
        (self.name, self.shape, self.peakRSS) = (name, shape, peakRSS)
    }
}

extension BenchmarkResult: Encodable {
    private enum Key: String, CodingKey {
        case name, shape, p50, p95, gflops, gbps, spread, error
        case worstError = "worst_error"
        case tokensPerSecond = "tokens_per_second"
        case shareOfPeak = "share_of_peak"
        case peakRSS = "peak_rss"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(shape, forKey: .shape)
        try container.encodeIfPresent(p50, forKey: .p50)
        try container.encodeIfPresent(p95, forKey: .p95)
        try container.encodeIfPresent(gflops, forKey: .gflops)
        try container.encodeIfPresent(gbps, forKey: .gbps)
        try container.encodeIfPresent(tokensPerSecond, forKey: .tokensPerSecond)
        try container.encodeIfPresent(shareOfPeak, forKey: .shareOfPeak)
        try container.encodeIfPresent(spread, forKey: .spread)
        try container.encodeIfPresent(error, forKey: .error)
        try container.encodeIfPresent(worstError, forKey: .worstError)
        try container.encode(peakRSS, forKey: .peakRSS)
    }
}
