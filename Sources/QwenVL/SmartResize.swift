/// The size a picture is resized to before the vision tower cuts it into patches.
///
/// Both sides become multiples of `factor`, the area stays within the bounds, and the aspect ratio is kept as
/// closely as that allows. Source: `smart_resize` of transformers' Qwen2-VL image processor.
package struct SmartResize: Equatable, Sendable {
    package var height: Int
    package var width: Int

    /// Larger sides are no picture, and their area would overflow.
    private static let maximumSide = 1 << 30
    private static let maximumAspectRatio = 200.0

    /// Throws `SmartResizeError` if a side is below `factor` or one side exceeds 200 times the other.
    ///
    /// A side can come out as 0 if `maximumPixels` is less than `200 * factor * factor`.
    package init(
        height: Int, width: Int, factor: Int = 28, minimumPixels: Int = 56 * 56, maximumPixels: Int = 14 * 14 * 4 * 1280
    ) throws(SmartResizeError) {
        let shorter = min(height, width)
        let longer = max(height, width)
        guard factor > 0, minimumPixels >= 0, maximumPixels > 0 else {
            throw .invalidBounds(factor: factor, minimumPixels: minimumPixels, maximumPixels: maximumPixels)
        }
        guard shorter >= factor, longer <= Self.maximumSide else {
            throw .invalidSide(height: height, width: width, allowed: factor...max(factor, Self.maximumSide))
        }
        let ratio = Double(longer) / Double(shorter)
        guard ratio <= Self.maximumAspectRatio else {
            throw .aspectRatio(height: height, width: width, ratio: ratio)
        }
        /// A side scaled, in whole units of `factor`; halves round to even where they round to the nearest.
        func fitted(_ side: Int, by scale: (Double) -> Double, _ rule: FloatingPointRoundingRule) -> Int {
            Int((scale(Double(side)) / Double(factor)).rounded(rule)) * factor
        }
        self.height = fitted(height, by: { $0 }, .toNearestOrEven)
        self.width = fitted(width, by: { $0 }, .toNearestOrEven)
        let area = Double(height * width)
        if self.height * self.width > maximumPixels {
            let shrink = (area / Double(maximumPixels)).squareRoot()
            self.height = fitted(height, by: { $0 / shrink }, .down)
            self.width = fitted(width, by: { $0 / shrink }, .down)
        } else if self.height * self.width < minimumPixels {
            let enlarge = (Double(minimumPixels) / area).squareRoot()
            self.height = fitted(height, by: { $0 * enlarge }, .up)
            self.width = fitted(width, by: { $0 * enlarge }, .up)
        }
    }
}

/// Why a picture has no size the vision tower takes.
package enum SmartResizeError: Error, Equatable, CustomStringConvertible {
    case invalidSide(height: Int, width: Int, allowed: ClosedRange<Int>)
    case aspectRatio(height: Int, width: Int, ratio: Double)
    case invalidBounds(factor: Int, minimumPixels: Int, maximumPixels: Int)

    package var description: String {
        switch self {
        case .invalidSide(let height, let width, let allowed):
            "picture for the vision tower: expected sides from \(allowed.lowerBound) to \(allowed.upperBound) pixels, "
                + "got height \(height), width \(width)"
        case .aspectRatio(let height, let width, let ratio):
            "picture for the vision tower: expected an aspect ratio of at most 200, "
                + "got \(ratio) (height \(height), width \(width))"
        case .invalidBounds(let factor, let minimumPixels, let maximumPixels):
            "picture for the vision tower: expected a positive factor and positive pixel bounds, "
                + "got factor \(factor), pixels \(minimumPixels) to \(maximumPixels)"
        }
    }
}
