import Testing

@testable import Torch

@Suite struct TensorTests {
    @Test func arithmeticBroadcastsAndKeepsTheType() async throws {
        try await withEngine {
            let a = try Tensor([1, 2, 3, 4, 5, 6] as [Float], [2, 3])
            let b = try Tensor([10, 20, 30] as [Float], [3])
            #expect(try (a + b).floats() == [11, 22, 33, 14, 25, 36])
            #expect(try (a * 2 - b / 10).floats() == [1, 2, 3, 7, 8, 9])
            let half = try (a.to(.bfloat16) * 0.5)
            #expect(half.dtype == .bfloat16)
            #expect(try (-half).floats() == [-0.5, -1, -1.5, -2, -2.5, -3])
        }
    }

    @Test func shapesAreRearranged() async throws {
        try await withEngine {
            let a = try Tensor(Array(0..<24).map(Float.init), [2, 3, 4])
            #expect(try a.permuted(2, 0, 1).shape == [4, 2, 3])
            #expect(try a.transposed(0, 2).contiguous().floats().prefix(4) == [0, 12, 4, 16])
            #expect(try a.narrowed(1, 1..<3).reshaped(2, -1).floats().prefix(3) == [4, 5, 6])
            #expect(try a.selected(2, 1).floats() == [1, 5, 9, 13, 17, 21])
            let parts = try a.chunks(2, 2)
            #expect(try Tensor.concatenated(parts, 2).floats() == a.floats())
            #expect(try Tensor.stacked([a, a], 1).shape == [2, 2, 3, 4])
            #expect(try a.repeatInterleaved(2, 1).shape == [2, 6, 4])
            #expect(try a.padded([0, 1]).shape == [2, 3, 5])
        }
    }

    @Test func layersGiveHandComputedNumbers() async throws {
        try await withEngine {
            let x = try Tensor([3, 4] as [Float], [1, 2])
            let weight = try Tensor([1, 0, 0, 1, 1, 1] as [Float], [3, 2])
            #expect(try x.linear(weight, Tensor([0, 0, 1] as [Float], [3])).floats() == [3, 4, 8])
            let norm = try x.rmsNorm(Tensor([1, 1] as [Float], [2]), epsilon: 0).floats()
            #expect(abs(norm[0] - 3 / Float(12.5).squareRoot()) < 1e-6)
            let image = try Tensor([1, 2, 3, 4] as [Float], [1, 1, 2, 2])
            let kernel = try Tensor([1] as [Float], [1, 1, 1, 1])
            #expect(try image.convolved(kernel, nil, stride: 1, padding: (0, 0)).floats() == [1, 2, 3, 4])
            #expect(try image.nearestUpsampled(height: 4, width: 2).floats() == [1, 2, 1, 2, 3, 4, 3, 4])
        }
    }

    @Test func attentionOfOneKeyReturnsItsValueAndHonoursTheMask() async throws {
        try await withEngine {
            let query = try Tensor([1, 2, 3, 4] as [Float], [1, 2, 1, 2])
            let key = try Tensor([1, 0, 0, 1] as [Float], [1, 1, 2, 2])
            let value = try Tensor([5, 6, 7, 8] as [Float], [1, 1, 2, 2])
            let mask = try Tensor([true, false], [1, 1, 1, 2])
            #expect(try query.attention(key, value, mask: mask).floats() == [5, 6, 5, 6])
        }
    }

    @Test func aFailedOperatorNamesItselfTheShapesAndTheReason() async throws {
        try await withEngine {
            let a = try Tensor.zeros([2, 3])
            let b = try Tensor.zeros([4, 5])
            let error = #expect(throws: TorchError.self) { try a * b }
            let text = error.map(String.init(describing:)) ?? ""
            #expect(text.contains("aten::mul [2, 3] [4, 5]"))
            #expect(text.contains("must match"))
        }
    }

    @Test func wrappedMemoryLivesAsLongAsTheLastTensorOnIt() async throws {
        try await withEngine {
            final class Owner: Sendable {
                let freed: Flag
                init(_ freed: Flag) { self.freed = freed }
                deinit { freed.set() }
            }
            final class Flag: @unchecked Sendable {
                var value = false
                func set() { value = true }
            }
            let flag = Flag()
            let memory = UnsafeMutablePointer<Float>.allocate(capacity: 4)
            defer { memory.deallocate() }
            memory.initialize(repeating: 2, count: 4)
            var tensor: Tensor? = try Tensor.wrapping(memory, [2, 2], .float32, owner: Owner(flag))
            let view = try tensor?.reshaped(4)
            tensor = nil
            #expect(!flag.value)
            #expect(try view?.floats() == [2, 2, 2, 2])
            withExtendedLifetime(view) {}
        }
    }

    @Test func gradModeIsOffAtEveryEntry() async throws {
        try await withEngine {
            #expect(!gradientsAreRecorded)
            Engine.loadedLibrary?.setGradMode(true)
        }
        try await withEngine { #expect(!gradientsAreRecorded) }
    }
}
