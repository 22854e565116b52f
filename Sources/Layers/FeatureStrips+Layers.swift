import Torch

/// The layers of an autoencoder, strip by strip.
extension FeatureStrips {
    /// A convolution of 3 x 3.
    func convolved(_ convolution: Convolution) throws -> FeatureStrips {
        try made(height: height, width: width, channels: convolution.outputs) { strip in
            try convolution.ofPixels(rows(strip.withNeighbours))
        }
    }

    /// convolution(silu(norm(self))).
    func convolved(_ convolution: Convolution, after norm: GroupNorm) throws -> FeatureStrips {
        let factors = try ChannelFactors(norm, moments)
        return try made(height: height, width: width, channels: convolution.outputs) { strip in
            try convolution.ofPixels(normedRows(strip.withNeighbours, factors))
        }
    }

    /// The same; what has been read is let go.
    mutating func drained(into convolution: Convolution, after norm: GroupNorm) throws -> FeatureStrips {
        let factors = try ChannelFactors(norm, moments)
        return try made(height: height, width: width, channels: convolution.outputs) { strip in
            let result = try convolution.ofPixels(normedRows(strip.withNeighbours, factors))
            release(above: strip.upperBound - 1)
            return result
        }
    }

    /// shortcut(x) + convolution(silu(norm(self))), without a shortcut x itself; what has been read is let go.
    mutating func drained(
        into convolution: Convolution, after norm: GroupNorm, addedTo x: inout FeatureStrips,
        through shortcut: Convolution?
    ) throws -> FeatureStrips {
        let factors = try ChannelFactors(norm, moments)
        return try made(height: height, width: width, channels: convolution.outputs) { strip in
            let change = try convolution.ofPixels(normedRows(strip.withNeighbours, factors))
            let residual = try x.rows(strip)
            release(above: strip.upperBound - 1)
            x.release(above: strip.upperBound)
            return try (shortcut?.ofPixels(residual) ?? residual) + change
        }
    }

    /// The convolution of what is twice as high and wide, each pixel copied; what has been read is let go.
    ///
    /// A kernel of 3 x 3 sees copies of 2 x 2 pixels. So it is four kernels of 2 x 2, one for each place among the copies,
    /// with 4/9 of the products.
    mutating func upsampled(_ convolution: Convolution) throws -> FeatureStrips {
        let places = try [0, 1].map { row in try [0, 1].map { try convolution.overCopies(row: row, column: $0) } }
        return try made(height: 2 * height, width: 2 * width, channels: convolution.outputs) { strip in
            let source = strip.lowerBound / 2..<strip.upperBound / 2
            let window = try rows(source.withNeighbours)
            let result = try Tensor.empty([source.count, 2, width, 2, convolution.outputs], dtype: window.dtype)
            for (row, places) in places.enumerated() {
                for (column, place) in places.enumerated() {
                    let pixels = try place.ofPixels(window.narrowed(0, row..<row + source.count + 1))
                    try result.selected(1, row).selected(2, column)
                        .copy(from: pixels.narrowed(1, column..<column + width))
                }
            }
            release(above: source.upperBound - 1)
            return try result.reshaped(strip.count, 2 * width, convolution.outputs)
        }
    }

    /// A convolution of 3 x 3 and stride 2 over one row and one column more than there are; what has been read is let go.
    mutating func downsampled(_ convolution: Convolution) throws -> FeatureStrips {
        try made(height: height / 2, width: width / 2, channels: convolution.outputs) { strip in
            let source = try rows(2 * strip.lowerBound..<2 * strip.upperBound + 1).padded([0, 0, 0, 1])
            release(above: 2 * strip.upperBound)
            return try convolution.ofPixels(source)
        }
    }

    /// self + change(norm(self)), where `change` sees rows of pixels [1, H W, C].
    func changed(after norm: GroupNorm, _ change: (Tensor) throws -> Tensor) throws -> FeatureStrips {
        let x = try rows(0..<height)
        let normed = try Tensor.empty(x.shape, dtype: x.dtype)
        try ChannelFactors(norm, moments).apply(to: x, rows: 0..<height, silu: false, into: normed, at: 0)
        let changed = try change(normed.reshaped(1, height * width, -1))
        return try FeatureStrips(pixels: x + changed.reshaped(x.shape), stripPixels: stripPixels)
    }
}

extension Range<Int> {
    fileprivate var withNeighbours: Range<Int> { lowerBound - 1..<upperBound + 1 }
}
