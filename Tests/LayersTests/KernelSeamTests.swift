import Testing
import Torch

@testable import Layers

/// Rounding of float32 sums in another order.
private let sumTolerance: Float = 3e-6
/// One rounding to bfloat16 more or less, of numbers of about 1.
private let bfloat16Tolerance: Float = 0.04
/// Rounding to 8 bits of normal numbers, relative to the result's length.
private let int8Tolerance: Float = 0.02
/// The same of four bits.
private let int4Tolerance: Float = 0.2

private func random(_ shape: [Int], _ seed: UInt64, _ dtype: DType = .float32) throws -> Tensor {
    try Tensor.randn(shape, Generator(seed: seed)).to(dtype)
}

private func largest(_ a: Tensor, _ b: Tensor) throws -> Float {
    try zip(a.floats(), b.floats()).map { abs($0 - $1) }.max() ?? .infinity
}

private func relative(_ a: Tensor, _ b: Tensor) throws -> Float {
    let (a, b) = (try a.floats(), try b.floats())
    let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
}

/// What is computed by our kernels is what libtorch computes, which takes over where gradients are recorded.
@Suite struct KernelSeamTests {
    private static let types: [(DType, Float)] = [(.float32, sumTolerance), (.bfloat16, bfloat16Tolerance)]

    private static func compare(
        _ tolerance: Float, _ name: String, _ operation: () throws -> Tensor
    ) throws {
        let ours = try operation()
        let libtorchs = try withGradients { try operation() }
        #expect(ours.shape == libtorchs.shape && ours.dtype == libtorchs.dtype, "\(name)")
        #expect(try largest(ours, libtorchs) < tolerance, "\(name)")
    }

    @Test func attentionOfRaggedSequences() async throws {
        try await withEngine {
            for (dtype, tolerance) in Self.types {
                let query = try random([1, 47, 6, 24], 1, dtype)
                let key = try random([1, 47, 2, 24], 2, dtype)
                let value = try random([1, 47, 2, 24], 3, dtype)
                for causal in [false, true] {
                    try Self.compare(tolerance, "ragged \(dtype) causal \(causal)") {
                        try attention(query, key, value, lengths: [5, 5, 1, 30, 6], causal: causal)
                    }
                }
            }
        }
    }

    @Test func attentionOfBatchesAndOfTheLastTokens() async throws {
        try await withEngine {
            for (dtype, tolerance) in Self.types {
                // Views of one tensor, as joined projections give them.
                let joined = try random([2, 9, 10, 16], 4, dtype).split([6, 2, 2], 2)
                try Self.compare(tolerance, "batch \(dtype)") { try attention(joined[0], joined[1], joined[2]) }
                for length in [1, 4] {
                    let query = try joined[0].narrowed(1, 9 - length..<9)
                    try Self.compare(tolerance, "last \(length) \(dtype)") {
                        try attention(query, joined[1], joined[2], causal: true, scale: 0.3)
                    }
                }
            }
        }
    }

    @Test func normsWithScalesAndGates() async throws {
        try await withEngine {
            for (dtype, tolerance) in Self.types {
                let norm = try RMSNorm(Weights(RandomSource(seed: 5), dtype: dtype)["norm"], 40, epsilon: 1e-5)
                let x = PackedTokens(try random([12, 40], 6, dtype), lengths: [4, 5, 3])
                let residual = x.replacing(try random([12, 40], 7, dtype))
                try Self.compare(tolerance, "plain \(dtype)") { try norm(x.tokens.reshaped(3, 4, 40)) }
                try Self.compare(tolerance, "added \(dtype)") { try norm.added(x.tokens, to: residual) }
                for rows in [1, 2] {
                    // A view of a wider table, as modulations are.
                    let table = try random([rows, 160], 8, dtype).chunks(4, 1)[2]
                    let each = PerSequence(table, rows: rows == 1 ? [] : [1, 0, 1])
                    try Self.compare(tolerance, "scaled \(dtype)") { try norm.scaled(x, by: each) }
                    try Self.compare(tolerance, "gated \(dtype)") { try norm.added(x.tokens, to: residual, gate: each) }
                }
            }
        }
    }

    @Test func rotaryPositions() async throws {
        try await withEngine {
            for (dtype, tolerance) in Self.types {
                let norm = try RMSNorm(Weights(RandomSource(seed: 5), dtype: dtype)["norm"], 24, epsilon: 1e-5)
                let angles = (0..<7 * 12).map { Double($0) * 0.37 }
                let positions = try RotaryPositions(angles: angles, rows: 7, device: .cpu)
                let rotate = try HalfRotation(angles: angles, rows: 7, device: .cpu)
                let x = try random([1, 7, 8, 24], 9, dtype).split([6, 2], 2)[1]
                try Self.compare(tolerance, "pairs \(dtype)") { try positions.rotatePairs(x, after: norm) }
                try Self.compare(tolerance, "pairs alone \(dtype)") { try positions.rotatePairs(x) }
                try Self.compare(tolerance, "halves \(dtype)") { try rotate(x) }
            }
        }
    }
}

/// A layer whose weights are packed is the layer.
@Suite struct PackedWeightTests {
    private static func views(_ dtype: DType, _ storage: WeightStorage) -> (dense: Weights, packed: Weights) {
        let source = RandomSource(seed: 11)
        return (Weights(source, dtype: dtype), Weights(source, dtype: dtype, storage: storage))
    }

    @Test(arguments: [1, 3, 70]) func layersGiveWhatDenseOnesGive(rows: Int) async throws {
        try await withEngine {
            for (dtype, tolerance) in [(DType.float32, 2 * sumTolerance), (.bfloat16, bfloat16Tolerance)] {
                let views = Self.views(dtype, .packed)
                let x = try random([rows, 51], 1, dtype)
                func layer(_ w: Weights) throws -> Linear {
                    try Linear(w["layer"], 51, 100, initial: .uniform(inputs: 51))
                }
                let (dense, packed) = (try layer(views.dense), try layer(views.packed))
                #expect(try largest(packed(x), dense(x)) < tolerance)
                let residual = try random([rows, 100], 2, dtype)
                #expect(try largest(packed(x, addedTo: residual), dense(x, addedTo: residual)) < tolerance)

                func joined(_ w: Weights) throws -> [Tensor] {
                    try JoinedLinear(w, [("q", 70), ("k", 30), ("v", 35)], 51, initial: .uniform(inputs: 51))
                        .heads(x, size: 5)
                }
                for (ours, plain) in zip(try joined(views.packed), try joined(views.dense)) {
                    let difference = try largest(ours, plain)
                    #expect(ours.shape == plain.shape && difference < tolerance)
                }
                func gated(_ w: Weights) throws -> Tensor {
                    try GatedLinear(w, gate: "gate", up: "up", 51, 45, bias: true, initial: .uniform(inputs: 51))(x)
                }
                #expect(try largest(gated(views.packed), gated(views.dense)) < tolerance)
            }
        }
    }

    /// A gated pair is one packed weight, which is taken apart where something acts beside one of the two.
    @Test(arguments: [["gate"], ["up"], ["gate", "up"]], [WeightStorage.packed, .int8, .int4])
    func adaptersActBesideAPackedGate(adapted: [String], storage: WeightStorage) async throws {
        try await withEngine {
            let (inputs, outputs) = (96, 45)
            var adapters = AdapterSet()
            for (index, path) in adapted.enumerated() {
                let down = try random([3, inputs], 20 + UInt64(index)),
                    up = try random([outputs, 3], 30 + UInt64(index))
                adapters.add([path: LowRankAdapter(down: down, up: up, scale: 0.1)], scale: 1)
            }
            let source = RandomSource(seed: 11)
            func gated(_ storage: WeightStorage, _ adapters: AdapterSet) throws -> Tensor {
                let w = Weights(source, dtype: .bfloat16, storage: storage, adapters: adapters)
                let x = try random([7, inputs], 1, .bfloat16)
                return try GatedLinear(
                    w, gate: "gate", up: "up", inputs, outputs, bias: true, initial: .uniform(inputs: inputs))(x)
            }
            let dense = try gated(.dense, adapters)
            #expect(try relative(gated(.dense, AdapterSet()), dense) > 0.2)
            let error = try relative(gated(storage, adapters), dense)
            #expect(error < (storage == .int4 ? int4Tolerance : int8Tolerance))
        }
    }

    @Test func eightBitsComeCloseAndWideLayersStay() async throws {
        try await withEngine {
            let (dense, packed) = Self.views(.bfloat16, .int8)
            let wide = Self.views(.bfloat16, .packed).packed
            let x = try random([70, 96], 1, .bfloat16)
            func layer(_ w: Weights, leastBits: Int = 4) throws -> Tensor {
                try Linear(w["layer"], 96, 100, bias: false, leastBits: leastBits)(x)
            }
            let error = try relative(layer(packed), layer(dense))
            #expect(error > 1e-4 && error < int8Tolerance)
            #expect(try layer(packed, leastBits: 16).floats() == layer(wide).floats())
        }
    }

    @Test func theWrongWidthIsAnError() async throws {
        try await withEngine {
            let layer = try Linear(Self.views(.float32, .packed).packed["layer"], 8, 4)
            let x = try random([2, 9], 1)
            #expect(throws: TorchError.self) { try layer(x) }
        }
    }

    @Test func whatIsPackedIsKept() async throws {
        try await withEngine {
            let model = SmallModel()
            let source = ResidentSource(model, dtype: .bfloat16)
            @Engine func memory() throws -> UnsafeRawPointer? {
                let weights = Weights(source, dtype: .bfloat16, storage: .packed)
                return try Linear(weights["layers.0.attn.to_q"], 8, 6, bias: false).memory
            }
            let first = try memory()
            #expect(try memory() == first)
            #expect(model.reads == 1)
        }
    }
}
