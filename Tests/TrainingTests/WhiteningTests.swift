import Layers
import Testing
import Torch

@testable import Training

@Suite struct WhiteningTests {
    /// States that differ in few directions much and in the others little, about a mean of their own.
    private static func states(_ count: Int, _ features: Int) throws -> Tensor {
        let generator = Generator(seed: 5)
        let noise = try Tensor.randn([count, features], dtype: .float32, generator)
        let scales = try Tensor((0..<features).map { Float(4) / Float(1 + $0) + 0.2 }, [1, features])
        let mean = try Tensor((0..<features).map { Float($0 % 3) }, [1, features])
        return try noise * scales + mean
    }

    /// With a start of orthogonal rows each output has the same variance, and no two go together.
    @Test func everyDirectionHasTheSameLengthAfterwards() async throws {
        try await withEngine {
            let (count, features, epsilon) = (4000, 40, 1e-5)
            let states = try Self.states(count, features)
            let start = try Tensor(
                (0..<features * features).map { Float($0 % (features + 1) == 0 ? 0.02 : 0) }, [features, features])
            let whitening = try TextWhitening(states, start: start, epsilon: epsilon)
            let ones = try Tensor(Array(repeating: Float(1), count: features), [features])
            let projected = try states.rmsNorm(ones, epsilon: epsilon).linear(whitening.weight, whitening.bias)
            // Directions near the floor stay a little shorter.
            try Self.expectOneLength(projected, variance: 1, within: 0.6...1.02)
        }
    }

    /// No two columns go together, and all have this variance.
    private static func expectOneLength(_ rows: Tensor, variance: Float, within range: ClosedRange<Float>) throws {
        let columns = try rows.transposed(0, 1).contiguous()
        let (features, count) = (rows.size(1), rows.size(0))
        let covariance = try columns.linear(columns, nil).floats().map { $0 / Float(count) / variance }
        for row in 0..<features {
            for column in 0..<features {
                let value = covariance[row * features + column]
                #expect(row == column ? range.contains(value) : abs(value) < 0.05, "\(row) \(column): \(value)")
            }
        }
    }

    /// The layer of whitened weights makes of its inputs what the old one did, but turned to one length.
    @Test func aLayersTokensHaveTheWantedLength() async throws {
        try await withEngine {
            let (count, features, length) = (4000, 40, 3.0)
            let inputs = try Self.states(count, features)
            let identity = try Tensor(
                (0..<features * features).map { Float($0 % (features + 1) == 0 ? 1 : 0) }, [features, features])
            let noise = try Tensor.randn([features, features], dtype: .float32, Generator(seed: 6))
            let weight = try identity + noise * 0.05
            let bias = try Tensor.randn([features], dtype: .float32, Generator(seed: 7))
            let whitening = try PictureWhitening(
                inputs.linear(weight, bias), weight: weight, bias: bias, length: length)
            let tokens = try inputs.linear(whitening.weight, whitening.bias)
            // What those near the floor lack the others have, as the sum is given.
            try Self.expectOneLength(
                tokens, variance: Float(length * length) / Float(features), within: 0.6...1.1)
        }
    }

    @Test func aRunBeginsWithTheWhitenedTowerAndHoldsIt() async throws {
        try await withEngine {
            try withTemporaryFolder { folder in
                let options = ", mixed_precision: no, whiten_pictures: true, trained_weights: [model.]"
                let run = try SmallRun(folder, stage: .mllm, train: options)
                let output = try run("run", to: 2)
                let before = try CheckpointSource(SafetensorsFolder(path: "\(SmallRun.model)/mllm"))
                let after = try CheckpointSource(SafetensorsFolder(path: "\(output)/checkpoint-2/mllm"))
                func changed(_ name: String) throws -> Bool {
                    let shape = try #require(before.shape(of: name))
                    let (old, new) = (
                        try before.tensor(name, shape, initial: .zeros), try after.tensor(name, shape, initial: .zeros)
                    )
                    return try old?.to(.float32).floats() != new?.to(.float32).floats()
                }
                #expect(try changed("visual.merger.mlp.2.weight") && changed("model.embed_tokens.weight"))
                #expect(try !changed("visual.merger.mlp.0.weight"))
                let first = try run("other", to: 1)
                let held = try CheckpointSource(SafetensorsFolder(path: "\(first)/checkpoint-1/mllm"))
                let shape = try #require(after.shape(of: "visual.merger.mlp.2.weight"))
                #expect(
                    try held.tensor("visual.merger.mlp.2.weight", shape, initial: .zeros)?.floats()
                        == after.tensor("visual.merger.mlp.2.weight", shape, initial: .zeros)?.floats())
            }
        }
    }

    @Test(arguments: [(StageName.transformer, "whiten_pictures"), (.vae, "whiten_pictures"), (.mllm, "whiten_text")])
    func whiteningOfAnotherPartIsRefused(stage: StageName, option: String) async throws {
        try await withEngine {
            try withTemporaryFolder { folder in
                let run = try SmallRun(folder, stage: stage, train: ", \(option): true")
                let error = #expect(throws: TrainingError.self) { try run("run", to: 1) }
                #expect(error?.description.contains(option) == true)
            }
        }
    }
}
