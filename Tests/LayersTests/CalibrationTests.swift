import Testing
import Torch

@testable import Layers

/// Second moments, and rounding for them, on matrices of known properties.
@Suite struct CalibrationTests {
    /// Rows that lie in few directions, and a little beside them.
    @Engine
    private static func correlated(_ rows: Int, _ inputs: Int) throws -> Tensor {
        let generator = Generator(seed: 3)
        let strengths = try Tensor.randn([rows, 8], dtype: .float32, generator)
        let directions = try Tensor.randn([8, inputs], dtype: .float32, generator)
        let rest = try Tensor.randn([rows, inputs], dtype: .float32, generator)
        return try strengths.multiplied(by: directions) + rest * 0.2
    }

    /// By libtorch alone, and by halves whose sizes differ.
    @Test(arguments: [96, 1026]) func theFactorBelongsToTheInverse(inputs: Int) async throws {
        try await withEngine {
            let moments = try SecondMoments(Self.correlated(300, inputs))
            let factor = try #require(try moments.inverseFactor())
            let sums = try moments.sums.floats()
            let mean = try moments.diagonal.reduce(0, +) / Float(inputs)
            let whole = (0..<inputs * inputs).map { index in
                let (row, column) = (index / inputs, index % inputs)
                return sums[min(row, column) * inputs + max(row, column)] + (row == column ? 0.01 * mean : 0)
            }
            let product = try factor.multiplied(by: Tensor(whole, [inputs, inputs]))
                .multiplied(by: factor.transposed(0, 1))
            let far = try (product - .identity(inputs)).absolute().floats().max() ?? 1
            #expect(far < 2e-3, "\(inputs) inputs: \(far)")
            let values = try factor.floats()
            let isUpper = (1..<inputs).allSatisfy { values[$0 * inputs + $0 - 1] == 0 }
            #expect(isUpper)
        }
    }

    @Test func independentInputsAreRoundedToTheNearest() async throws {
        try await withEngine {
            let factor = try #require(try SecondMoments(sums: .identity(130)).inverseFactor())
            let weights = try Tensor.randn([70, 130], dtype: .bfloat16, Generator(seed: 1))
            let nearest = try Int4Rounding(inputs: 130, group: 26, factor: nil).rounded(weights)
            let compensated = try Int4Rounding(inputs: 130, group: 26, factor: factor).rounded(weights)
            #expect(try nearest.rounded.floats() == compensated.rounded.floats())
            #expect(try nearest.mixed.floats() == compensated.mixed.floats())
        }
    }

    @Test func correlatedInputsLoseClearlyLess() async throws {
        try await withEngine {
            for inputs in [96, 600] {
                let moments = try SecondMoments(Self.correlated(400, inputs))
                let generator = Generator(seed: 2)
                let weights = try [40, 90].map { try Tensor.randn([$0, inputs], dtype: .bfloat16, generator) }
                let loss = try RoundingLoss(
                    name: "layer", weights, group: 24, moments: moments, factor: moments.inverseFactor())
                #expect(loss.compensated < 0.7 * loss.plain && loss.compensated > 0, "\(inputs) inputs: \(loss)")
            }
        }
    }

    /// The loss by second moments is that of products of the rows themselves.
    @Test func theLossIsThatOfProducts() async throws {
        try await withEngine {
            let x = try Self.correlated(500, 96).to(.bfloat16)
            let moments = try SecondMoments(x)
            let weights = try Tensor.randn([64, 96], dtype: .bfloat16, Generator(seed: 5))
            let factor = try moments.inverseFactor()
            let loss = try RoundingLoss(name: "layer", [weights], group: 48, moments: moments, factor: factor)
            for (factor, expected) in [(nil, loss.plain), (factor, loss.compensated)] {
                let form = PackedForm(outputs: 64, inputs: 96, numbers: .int4, isGated: false)
                let packed = try PackedWeight(form)
                try packed.pack(weights, factor: factor)
                let exact = try x.to(.float32).linear(weights.to(.float32), nil)
                let error = try (packed(x).to(.float32) - exact).norm().doubles()[0] / exact.norm().doubles()[0]
                #expect(abs(error - expected) < 0.1 * expected, "\(error), said to be \(expected)")
            }
        }
    }

    @Test func inputsThatSayNothingHaveNoFactor() async throws {
        try await withEngine {
            #expect(try SecondMoments(Tensor.zeros([5, 64])).inverseFactor() == nil)
            let infinite = try Tensor([Float](repeating: .infinity, count: 64), [1, 64])
            #expect(try SecondMoments(infinite).inverseFactor() == nil)
        }
    }
}
