import Testing
import Torch

@testable import Diffusion

@Suite struct StepCacheTests {
    /// Runs a TaylorSeer over outputs that are a function of the step; returns what it forecast, by step.
    @Engine
    private static func forecasts(_ steps: Int, _ function: (Double) -> Double) throws -> [Int: Double] {
        let cache = TaylorSeer()
        var forecasts: [Int: Double] = [:]
        for index in 0..<steps {
            let step = CachedStep(index: index, count: steps)
            if let tensor = try cache.forecast(step) {
                forecasts[index] = Double(try tensor.floats()[0])
            } else {
                let output = try Tensor([Float(function(Double(index)))], [1, 1])
                try cache.record(step, output, output)
            }
        }
        return forecasts
    }

    @Test func aStraightLineIsForecastExactly() async throws {
        try await withEngine {
            let forecasts = try Self.forecasts(20) { 3 * $0 - 7 }
            #expect(forecasts.keys.sorted() == [5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
            for (step, value) in forecasts { #expect(abs(value - (3 * Double(step) - 7)) < 1e-4) }
        }
    }

    @Test func aSmoothCurveIsForecastCloserThanItsLastValue() async throws {
        try await withEngine {
            let curve = { (x: Double) in x * x / 10 }
            for (step, value) in try Self.forecasts(20, curve) where step > 9 {
                let last = curve(Double(step - (step - 4) % 3))
                #expect(abs(value - curve(Double(step))) < abs(last - curve(Double(step))))
            }
        }
    }

    @Test func teaCacheReusesTheLastChange() async throws {
        try await withEngine {
            let cache = TeaCache(threshold: 0.5)
            func tensor(_ value: Float) throws -> Tensor { try Tensor([value, value], [1, 2]) }
            let first = CachedStep(index: 0, count: 4)
            #expect(try cache.reuse(first, tensor(1)) { try tensor(1) } == nil)
            try cache.record(first, tensor(1), tensor(4))
            let reused = try cache.reuse(CachedStep(index: 1, count: 4), tensor(2)) { try tensor(1) }
            #expect(try reused?.floats() == [5, 5])
            // The last step is computed, whatever the distance.
            #expect(try cache.reuse(CachedStep(index: 3, count: 4), tensor(2)) { try tensor(1) } == nil)
        }
    }
}
