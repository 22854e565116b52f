import Foundation
import Layers
import Testing
import Torch

@testable import Diffusion

/// Without gradients the autoencoder computes in strips of rows, with them as a whole.
@Suite struct AutoencoderTests {
    /// Rounding of float32 sums in another order, over the depth of a tiny autoencoder.
    private static let tolerance: Float = 1e-4

    /// How much more than libtorch's bfloat16 ours may be off: points are rounded too, but what is fused is rounded less often.
    private static let bfloat16Share: Float = 1.3

    private static func model(_ dtype: DType = .float32) throws -> Autoencoder {
        let json = """
            {"in_channels": 3, "out_channels": 3, "latent_channels": 4, "block_out_channels": [16, 40],
             "layers_per_block": 1, "norm_num_groups": 4, "scaling_factor": 0.5, "shift_factor": 0.1,
             "use_quant_conv": false, "use_post_quant_conv": false}
            """
        return try Autoencoder(
            Weights(LivelySource(), dtype: dtype),
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

    private static func distance(_ a: Tensor, _ b: Tensor) throws -> Float {
        let difference = try (a.to(.float32) - b).floats()
        return difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    @Test func bfloat16IsNearlyAsExactAsTheWholes() async throws {
        try await withEngine {
            let (exact, rounded) = try (Self.model(), Self.model(.bfloat16))
            let latents = try noise([1, 4, 24, 30], 3)
            let (decoded, whole) = try withGradients {
                try (exact.decode(latents).detached(), rounded.decode(latents.to(.bfloat16)).detached())
            }
            let ours = try Self.distance(rounded.decode(latents.to(.bfloat16)), decoded)
            #expect(ours < Self.bfloat16Share * (try Self.distance(whole, decoded)))
            let picture = try decoded.clamped(-1...1)
            let (mean, wholeMean) = try withGradients {
                try (
                    exact.encode(picture).mean.detached(), rounded.encode(picture.to(.bfloat16)).mean.detached()
                )
            }
            let ourMean = try Self.distance(rounded.encode(picture.to(.bfloat16)).mean, mean)
            #expect(ourMean < Self.bfloat16Share * (try Self.distance(wholeMean, mean)))
        }
    }
}
