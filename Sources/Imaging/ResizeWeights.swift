/// The fixed-point weights that make one line of `outputs` pixels from a line of `inputs`.
///
/// They are those of Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc` (`src/libImaging/Resample.c`).
struct ResizeWeights {
    /// 32 bits less 8 for a pixel and 2 for overshoot.
    static let precision: Int32 = 22

    /// For each output pixel the first input pixel it draws on, and how many.
    let first: [Int]
    let count: [Int]
    /// The weights of output pixel `i` start at `i * stride`.
    let stride: Int
    let weights: [Int32]

    init(inputs: Int, outputs: Int, filter: ResizeFilter) {
        let scale = Double(inputs) / Double(outputs)
        let filterScale = max(scale, 1)
        let support = filter.support * filterScale
        stride = Int(support.rounded(.up)) * 2 + 1
        var first = [Int](repeating: 0, count: outputs)
        var count = first
        var weights = [Int32](repeating: 0, count: outputs * stride)
        var exact = [Double](repeating: 0, count: stride)
        for output in 0..<outputs {
            let center = (Double(output) + 0.5) * scale
            let low = max(Int(center - support + 0.5), 0)
            let high = min(Int(center + support + 0.5), inputs)
            var sum = 0.0
            for index in 0..<(high - low) {
                exact[index] = filter.weight((Double(index + low) - center + 0.5) * (1 / filterScale))
                sum += exact[index]
            }
            for index in 0..<(high - low) {
                let normalized = sum == 0 ? exact[index] : exact[index] / sum
                weights[output * stride + index] = Self.fixedPoint(normalized)
            }
            first[output] = low
            count[output] = high - low
        }
        self.first = first
        self.count = count
        self.weights = weights
    }

    private static func fixedPoint(_ weight: Double) -> Int32 {
        let scaled = weight * Double(1 << precision)
        return Int32(weight < 0 ? scaled - 0.5 : scaled + 0.5)
    }
}
