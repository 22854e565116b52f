import Layers
import Torch

/// Latents cut into square patches and put together again.
package enum Patches {
    /// latent [C, H, W] to tokens [(H / p) (W / p), p p C].
    package static func cut(_ latent: Tensor, _ p: Int) throws -> Tensor {
        let (c, h, w) = (latent.size(0), latent.size(1), latent.size(2))
        return try latent.reshaped(c, h / p, p, w / p, p).permuted(1, 3, 2, 4, 0)  // [H/p, W/p, p, p, C]
            .reshaped((h / p) * (w / p), p * p * c)
    }

    /// tokens [(H / p) (W / p), p p C] to latent [C, H, W].
    package static func join(_ tokens: Tensor, _ p: Int, _ grid: PatchGrid) throws -> Tensor {
        try tokens.reshaped(grid.rows, grid.columns, p, p, -1).permuted(4, 0, 2, 1, 3)  // [C, H/p, p, W/p, p]
            .reshaped(-1, grid.rows * p, grid.columns * p)
    }

    /// - Throws: `ConfigurationError` when a side of the latent is not a multiple of the patch.
    package static func grid(_ latent: Tensor, _ p: Int) throws -> PatchGrid {
        let (h, w) = (latent.size(-2), latent.size(-1))
        guard h > 0, w > 0, h % p == 0, w % p == 0 else {
            throw ConfigurationError("latent sides must be positive multiples of \(p), got \(h)x\(w)")
        }
        return PatchGrid(rows: h / p, columns: w / p)
    }
}
