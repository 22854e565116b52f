/// The loss in ten equal parts of the time, each for itself: what is near the noise is not as hard as what is near the
/// image.
enum TimeBins {
    private static let count = 10
    static let names = (1...count).map { "loss-bin\($0)-\(count)" }

    /// - Parameters:
    ///   - times: of each sample, in 0...1.
    ///   - sums: of each sample's errors.
    ///   - counts: elements of each sample.
    static func measures(_ times: [Float], _ sums: [Double], _ counts: [Int]) -> [Measure] {
        var measures = Array(repeating: Measure(), count: count)
        for (index, time) in times.enumerated() {
            guard let bin = (0..<count).last(where: { Float($0) / Float(count) <= time }) else { continue }
            measures[bin].sum += sums[index]
            measures[bin].count += Double(counts[index])
        }
        return measures
    }
}
