import Testing

@testable import Torch

@Suite struct AutogradTests {
    @Test func gradientOfALinearLayerIsTheOneOfTheTextbook() async throws {
        try await withEngine {
            try withGradients {
                let x = try Tensor([1, 2, 3, 4] as [Float], [2, 2])
                let weight = try Tensor([1, -1, 0.5, 2] as [Float], [2, 2])
                try weight.setRequiresGradient()
                let loss = try x.linear(weight, nil).sum()
                try loss.backward()
                #expect(try weight.gradient?.floats() == [4, 6, 4, 6])
            }
        }
    }

    @Test func gradientsAccumulateUntilCleared() async throws {
        try await withEngine {
            try withGradients {
                let a = try Tensor([3] as [Float], [1])
                try a.setRequiresGradient()
                #expect(a.gradient == nil)
                for _ in 0..<2 { try (a * a).sum().backward() }
                #expect(try a.gradient?.floats() == [12])
            }
        }
    }

    /// The shape of block-wise recomputation: keep a block's input, run it again, push the output's gradient in.
    @Test func aBlockRunAgainGivesTheGradientOfTheWhole() async throws {
        try await withEngine {
            try withGradients {
                let weight = try Tensor([0.5, -1, 2, 1] as [Float], [2, 2])
                try weight.setRequiresGradient()
                let x = try Tensor([1, 2] as [Float], [1, 2])
                try x.linear(weight, nil).tanh().linear(weight, nil).silu().sum().backward()
                let whole = try weight.gradient?.clone().floats() ?? []

                let again = try weight.detached().clone()
                try again.setRequiresGradient()
                let middle = try x.linear(again.detached(), nil).tanh().detached()
                try middle.setRequiresGradient()
                try middle.linear(again, nil).silu().sum().backward()
                guard let gradient = middle.gradient else { throw TorchError.invalid("no gradient") }
                let output = try x.linear(again, nil).tanh()
                try output.backward(gradient: gradient)
                let blockwise = try again.gradient?.floats() ?? []
                #expect(whole.count == 4 && zip(whole, blockwise).allSatisfy { abs($0 - $1) < 1e-6 })
            }
        }
    }
}
