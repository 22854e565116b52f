import Foundation
import Layers
import Testing
import Torch

@testable import Diffusion

/// Without gradients the autoencoder computes in strips of rows, with them as a whole.
@Suite struct AutoencoderTests {
    /// Rounding of float32 sums in another order, over the depth of a tiny autoencoder.
    private static let tolerance: Float = 1e-4

    private static func model() throws -> Autoencoder {
        let json = """
            {"in_channels": 3, "out_channels": 3, "latent_channels": 4, "block_out_channels": [8, 16],
             "layers_per_block": 1, "norm_num_groups": 4, "scaling_factor": 0.5, "shift_factor": 0.1,
             "use_quant_conv": false, "use_post_quant_conv": false}
            """
        return try Autoencoder(
            Weights(LivelySource(), dtype: .float32),
            JSONDecoder().decode(AutoencoderConfiguration.self, from: Data(json.utf8)))
    }

    private static func largest(_ a: Tensor, _ b: Tensor) throws -> Float {
        #expect(a.shape == b.shape)
        return try zip(a.floats(), b.floats()).map { abs($0 - $1) }.max() ?? .infinity
    }

    /// Of the sizes one has strips of its own, one an odd side, and one no more than the kernel's neighbours.
    @Test(arguments: [(150, 140), (13, 22), (1, 1)])
    func stripsEqualTheWhole(height: Int, width: Int) async throws {
        try await withEngine {
            let model = try Self.model()
            let latents = try noise([1, 4, height, width], 1)
            let decoded = try withGradients { try model.decode(latents).detached() }
            #expect(decoded.shape == [1, 3, 2 * height, 2 * width])
            #expect(try Self.largest(model.decode(latents), decoded) < Self.tolerance)
            let picture = try decoded.clamped(-1...1)
            let mean = try withGradients { try model.encode(picture).mean.detached() }
            #expect(mean.shape == [1, 4, height, width])
            #expect(try Self.largest(model.encode(picture).mean, mean) < Self.tolerance)
        }
    }

    @Test func picturesOfABatchAreThoseAlone() async throws {
        try await withEngine {
            let model = try Self.model()
            let latents = try noise([3, 4, 6, 5], 2)
            let together = try model.decode(latents)
            let posterior = try model.encode(together)
            for index in 0..<3 {
                let alone = try model.decode(latents.narrowed(0, index..<index + 1))
                #expect(try Self.largest(alone, together.narrowed(0, index..<index + 1)) == 0)
                let mean = try model.encode(alone).mean
                #expect(try Self.largest(mean, posterior.mean.narrowed(0, index..<index + 1)) == 0)
            }
        }
    }
}
