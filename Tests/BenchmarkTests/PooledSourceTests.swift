import Layers
import Testing
import Torch

@testable import Benchmarks

@Suite struct PooledSourceTests {
    private static func numbers(
        _ name: String, _ shape: [Int], _ initial: InitialValue, seed: UInt64 = 1
    ) throws -> [Float] {
        let tensor = try #require(try PooledSource(seed: seed).tensor(name, shape, initial: initial))
        #expect(tensor.shape == shape && tensor.dtype == .bfloat16)
        return try tensor.floats()
    }

    @Test func seedAndNameDecide() async throws {
        try await withEngine {
            let first = try Self.numbers("a.weight", [30, 40], .xavier)
            #expect(try Self.numbers("a.weight", [30, 40], .xavier) == first)
            #expect(try Self.numbers("a.weight", [30, 40], .xavier, seed: 2) != first)
            #expect(try Self.numbers("b.weight", [30, 40], .xavier) != first)
        }
    }

    /// Mean and standard deviation are what the model says, and small where it says zeros.
    @Test func numbersAreAsWideAsTheirStart() async throws {
        try await withEngine {
            let cases: [(InitialValue, mean: Double, deviation: Double)] = [
                (.zeros, 0, 0.02), (.ones, 1, 0.1), (.normal(0.5), 0, 0.5),
                (.xavier, 0, (2.0 / 500).squareRoot()), (.uniform(inputs: 12), 0, 1.0 / 6),
            ]
            for (initial, mean, deviation) in cases {
                let numbers = try Self.numbers("layer", [200, 300], initial).map(Double.init)
                let average = numbers.reduce(0, +) / Double(numbers.count)
                let variance = numbers.map { ($0 - average) * ($0 - average) }.reduce(0, +) / Double(numbers.count)
                #expect(abs(average - mean) < 0.02 * deviation + 0.002 * mean, "\(initial)")
                #expect(abs(variance.squareRoot() / deviation - 1) < 0.02, "\(initial)")
            }
        }
    }

    /// A matrix that is longer than the pool has no two equal rows, and memory of its own.
    @Test func rowsBeyondThePoolDiffer() async throws {
        try await withEngine {
            let source = try PooledSource(seed: 1)
            let shape = [RandomPool.count / 2048 + 100, 2048]
            let matrix = try #require(try source.tensor("table", shape, initial: .normal(1)))
            let starts = try matrix.narrowed(1, 0..<4).floats()
            let rows = Set(stride(from: 0, to: starts.count, by: 4).map { Array(starts[$0..<$0 + 4]) })
            #expect(rows.count == shape[0])
            let again = try #require(try source.tensor("table", shape, initial: .normal(1)))
            try again.copy(from: Tensor.zeros(shape))
            #expect(try matrix.narrowed(1, 0..<4).floats() == starts)
        }
    }

    @Test func rangesOfThePoolAddUp() {
        for amount in [0, 1, RandomPool.count, 3 * RandomPool.count + 5] {
            let ranges = RandomPool.ranges("name", amount)
            #expect(ranges.map(\.count).reduce(0, +) == amount)
            #expect(ranges.allSatisfy { !$0.isEmpty && $0.upperBound <= RandomPool.count })
        }
    }
}
