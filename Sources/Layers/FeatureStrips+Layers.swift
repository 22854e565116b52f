import Torch

/// The layers of an autoencoder, strip by strip.
extension FeatureStrips {
    /// A convolution of 3 x 3, of silu(norm(self)) where there is a norm.
    func convolved(_ convolution: Convolution, after norm: GroupNorm? = nil) throws -> FeatureStrips {
        let convolved = try StripConvolution(convolution, of: self, after: norm)
        return try made(height: height, width: width, channels: convolution.outputs) { try convolved(self, $0) }
    }

    /// convolution(silu(norm(self))); what has been read is let go.
    mutating func drained(into convolution: Convolution, after norm: GroupNorm) throws -> FeatureStrips {
        let convolved = try StripConvolution(convolution, of: self, after: norm)
        return try made(height: height, width: width, channels: convolution.outputs) { strip in
            let result = try convolved(self, strip)
            release(above: strip.upperBound - 1)
            return result
        }
    }

    /// shortcut(x) + convolution(silu(norm(self))), without a shortcut x itself; what has been read is let go.
    mutating func drained(
        into convolution: Convolution, after norm: GroupNorm, addedTo x: inout FeatureStrips,
        through shortcut: Convolution?
    ) throws -> FeatureStrips {
        let convolved = try StripConvolution(convolution, of: self, after: norm)
        return try made(height: height, width: width, channels: convolution.outputs) { strip in
            let rows = try x.rows(strip)
            let result = try convolved(self, strip, addedTo: shortcut?.ofPixels(rows) ?? rows)
            release(above: strip.upperBound - 1)
            x.release(above: strip.upperBound)
            return result
        }
    }

    /// The convolution of what is twice as high and wide, each pixel copied; what has been read is let go.
    mutating func upsampled(_ convolution: Convolution) throws -> FeatureStrips {
        let convolved = try UpsampledStripConvolution(convolution, of: self)
        return try made(height: 2 * height, width: 2 * width, channels: convolution.outputs) { strip in
            let source = strip.lowerBound / 2..<strip.upperBound / 2
            let result = try convolved(self, from: source)
            release(above: source.upperBound - 1)
            return result
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
