import Torch

/// Cosines and sines of rotary positions, float32, [L, D / 2]; computed in float64 on the CPU because some devices
/// have no float64.
package struct RotaryPositions {
    package let cosine: Tensor
    package let sine: Tensor

    /// - Parameter angles: row-major [L, D / 2].
    package init(angles: [Double], rows: Int, device: Device) throws {
        let width = rows > 0 ? angles.count / rows : 0
        let tensor = try Tensor(angles, [rows, width])
        cosine = try tensor.cos().to(.float32).to(device)
        sine = try tensor.sin().to(.float32).to(device)
    }

    package init(cosine: Tensor, sine: Tensor) {
        self.cosine = cosine
        self.sine = sine
    }

    /// Some rows of the table.
    package func rows(_ range: Range<Int>) throws -> RotaryPositions {
        RotaryPositions(cosine: try cosine.narrowed(0, range), sine: try sine.narrowed(0, range))
    }

    package static func concatenated(_ tables: [RotaryPositions]) throws -> RotaryPositions {
        RotaryPositions(
            cosine: try Tensor.concatenated(tables.map(\.cosine), 0),
            sine: try Tensor.concatenated(tables.map(\.sine), 0))
    }

    /// Rotates neighbouring pairs (x0, x1), (x2, x3), ...: the layout of the diffusion transformer.
    ///
    /// x [B, L, H, D], its heads normed first where there is a norm; computed in float32, returned in x's type.
    package func rotatePairs(_ x: Tensor, after norm: RMSNorm? = nil) throws -> Tensor {
        if let kernel = try RotaryKernel(x, self, norm) { return try kernel.pairs() }
        return try rotatePairs(normed: norm?(x) ?? x)
    }

    private func rotatePairs(normed x: Tensor) throws -> Tensor {
        let (b, l, h, d) = (x.size(0), x.size(1), x.size(2), x.size(3))
        let pairs = try x.to(.float32).reshaped(b, l, h, d / 2, 2)  // [B, L, H, D/2, 2]
        let (real, imaginary) = (try pairs.selected(4, 0), try pairs.selected(4, 1))
        let rotated = try rotate(real, imaginary)
        return try Tensor.stacked([rotated.0, rotated.1], 4).reshaped(b, l, h, d).to(x.dtype)
    }

    /// (a + ib) e^(i angle). a, b [B, L, H, D/2].
    private func rotate(_ a: Tensor, _ b: Tensor) throws -> (Tensor, Tensor) {
        let cosine = try self.cosine.unsqueezed(1)  // [L, 1, D/2]
        let sine = try self.sine.unsqueezed(1)
        return (try a * cosine - b * sine, try a * sine + b * cosine)
    }
}
