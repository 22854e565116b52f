extension [Double] {
    /// The value below which this part of the values lies, between neighbours in proportion; NaN of none.
    func quantile(_ part: Double) -> Double {
        guard !isEmpty else { return .nan }
        let values = sorted()
        let place = part * Double(count - 1)
        let below = Int(place)
        let above = Swift.min(below + 1, count - 1)
        return values[below] + (values[above] - values[below]) * (place - Double(below))
    }

    var median: Double { quantile(0.5) }

    /// Largest less smallest.
    var extent: Double { (self.max() ?? .nan) - (self.min() ?? .nan) }
}
