import Torch

/// Rotary positions in Qwen's layout: element j of a head is rotated with element j + D / 2.
///
/// The table is made once for all layers, so that a rotation is four operators: what is multiplied by the sine is the
/// head turned by half, and the minus of the first half stands in the table.
package struct HalfRotation {
    private let positions: RotaryPositions
    private let cosine: Tensor  // [L, 1, D], float32
    private let sine: Tensor  // [L, 1, D], float32

    /// - Parameter angles: row-major [L, D / 2].
    package init(angles: [Double], rows: Int, device: Device) throws {
        positions = try RotaryPositions(angles: angles, rows: rows, device: device)
        cosine = try Tensor.concatenated([positions.cosine, positions.cosine], 1).unsqueezed(1)
        sine = try Tensor.concatenated([-positions.sine, positions.sine], 1).unsqueezed(1)
    }

    /// x [B, L, H, D]; computed in float32, returned in x's type.
    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        if let kernel = try RotaryKernel(x, positions, nil) { return try kernel.halves() }
        return try (x * cosine + x.rolled(x.size(3) / 2, 3) * sine).to(x.dtype)
    }
}
