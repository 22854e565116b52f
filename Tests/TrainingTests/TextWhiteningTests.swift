import Layers
import Testing
import Torch

@testable import Training

@Suite struct TextWhiteningTests {
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
            let columns = try projected.transposed(0, 1).contiguous()
            let covariance = try columns.linear(columns, nil).floats().map { $0 / Float(count) }
            for row in 0..<features {
                for column in 0..<features {
                    let value = covariance[row * features + column]
                    // Directions near the floor stay a little shorter.
                    #expect(
                        row == column ? (0.6...1.02).contains(value) : abs(value) < 0.05, "\(row) \(column): \(value)")
                }
            }
        }
    }
}
