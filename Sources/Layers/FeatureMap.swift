import Torch

/// A picture's features [B, C, H, W] on their way through the layers of an autoencoder.
///
/// On the CPU, one picture is held in strips of whole rows where no gradients are recorded: see `FeatureStrips`. Otherwise
/// libtorch computes with the whole.
package struct FeatureMap: ~Copyable {
    /// Absent where there are strips.
    private let whole: Tensor?
    private var strips: FeatureStrips

    private init(_ whole: Tensor) { (self.whole, strips) = (whole, FeatureStrips()) }
    private init(_ strips: FeatureStrips) { (whole, self.strips) = (nil, strips) }

    /// Whether pictures of a batch are better computed one by one.
    package static func prefersSinglePictures(_ x: Tensor) -> Bool { !gradientsAreRecorded && x.device == .cpu }

    /// Pixels of a strip: so many that a convolution runs at full speed, so few that a strip stays in the cache.
    package static let stripPixels = 16384

    /// The convolution of x [B, inputs, H, W].
    package init(_ x: Tensor, _ convolution: Convolution, stripPixels: Int = stripPixels) throws {
        if let strips = try FeatureStrips(x, stripPixels: stripPixels) {
            self.init(try strips.convolved(convolution))
        } else {
            self.init(try convolution(x))
        }
    }

    /// convolution(silu(norm(self))).
    package func convolved(_ convolution: Convolution, after norm: GroupNorm) throws -> FeatureMap {
        if let whole { return FeatureMap(try convolution(norm(whole).silu())) }
        return FeatureMap(try strips.convolved(convolution, after: norm))
    }

    /// shortcut(x) + convolution(silu(norm(self))), without a shortcut x itself.
    package consuming func convolved(
        _ convolution: Convolution, after norm: GroupNorm, addedTo x: consuming FeatureMap,
        through shortcut: Convolution?
    ) throws -> FeatureMap {
        if let whole, let x = x.whole {
            return FeatureMap(try (shortcut?(x) ?? x) + convolution(norm(whole).silu()))
        }
        return FeatureMap(
            try strips.drained(into: convolution, after: norm, addedTo: &x.strips, through: shortcut))
    }

    /// The convolution of what is twice as high and wide, each pixel copied.
    package consuming func upsampled(_ convolution: Convolution) throws -> FeatureMap {
        if let whole {
            return FeatureMap(
                try convolution(whole.nearestUpsampled(height: 2 * whole.size(2), width: 2 * whole.size(3))))
        }
        return FeatureMap(try strips.upsampled(convolution))
    }

    /// The convolution, of stride 2, with zeros on the right and below only.
    package consuming func downsampled(_ convolution: Convolution) throws -> FeatureMap {
        if let whole { return FeatureMap(try convolution(whole.padded([0, 1, 0, 1]))) }
        return FeatureMap(try strips.downsampled(convolution))
    }

    /// self + change(norm(self)), where `change` sees rows of pixels [B, H W, C].
    package consuming func changed(after norm: GroupNorm, _ change: (Tensor) throws -> Tensor) throws -> FeatureMap {
        guard let whole else { return FeatureMap(try strips.changed(after: norm, change)) }
        let (b, c, h, w) = (whole.size(0), whole.size(1), whole.size(2), whole.size(3))
        let changed = try change(norm(whole).reshaped(b, c, h * w).transposed(1, 2))
        return FeatureMap(try whole + changed.transposed(1, 2).reshaped(b, c, h, w))
    }

    /// convolution(silu(norm(self))), a tensor [B, outputs, H, W].
    package consuming func output(_ convolution: Convolution, after norm: GroupNorm) throws -> Tensor {
        if let whole { return try convolution(norm(whole).silu()) }
        return try strips.drained(into: convolution, after: norm).tensor()
    }
}
