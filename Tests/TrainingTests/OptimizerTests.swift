import Foundation
import Testing
import Torch

@testable import Training

/// Against numbers that `scripts/reference/optimizer` has recorded from PyTorch and the original's schedules.
@Suite struct OptimizerTests {
    private struct Record: Decodable {
        let rate: Double
        let shapes: [[Int]]
        let rates: [String: [Double]]
        let initial, final, average: [[Float]]
        let gradients: [[[Float]]]
        let norms: [Double]

        init() throws {
            let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("Fixtures/optimizer.json")
            self = try JSONDecoder().decode(Record.self, from: Data(contentsOf: path))
        }
    }

    private static let schedules: [String: LearningRateSchedule] = [
        "constant": LearningRateSchedule(rate: 1e-2),
        "constant_warm_up": LearningRateSchedule(rate: 1e-2, warmUp: 8, warmUpStart: 1e-6),
        "cosine": LearningRateSchedule(rate: 1e-2, shape: .cosine(length: 30, minimum: 1e-5)),
        "cosine_warm_up": LearningRateSchedule(
            rate: 1e-2, shape: .cosine(length: 30, minimum: 1e-5), warmUp: 8, warmUpStart: 1e-6),
        "cosine_warm_up_inside": LearningRateSchedule(
            rate: 1e-2, shape: .cosine(length: 30, minimum: 0), warmUp: 8, warmUpStart: 1e-6, warmUpIsPrefix: false),
        "cosine_cycles": LearningRateSchedule(
            rate: 1e-2, shape: .cosine(length: 12, minimum: 1e-5, cycles: 3, cycleDecay: 0.5)),
    ]

    @Test func fiftyLearningRatesAreTheOriginals() throws {
        let record = try Record()
        #expect(Set(record.rates.keys) == Set(Self.schedules.keys))
        for (name, rates) in record.rates {
            let schedule = try #require(Self.schedules[name])
            for (step, rate) in rates.enumerated() {
                #expect(abs(schedule.rate(atStep: step) - rate) <= 1e-12, "\(name) at step \(step)")
            }
        }
    }

    @Test func fiftyStepsOfAdamWAreThoseOfPyTorch() async throws {
        try await withEngine {
            let record = try Record()
            let schedule = try #require(Self.schedules["cosine_warm_up"])
            func tensors(_ values: [[Float]]) throws -> [Tensor] {
                try zip(values, record.shapes).map { try Tensor($0, $1) }
            }
            let parameters = try tensors(record.initial)
            let optimizer = try AdamW(parameters, AdamW.Options())
            let average = try WeightAverage(parameters, decay: 0.8)
            for (step, values) in record.gradients.enumerated() {
                let gradients = try tensors(values)
                let norm = try Gradients.norm(gradients)
                #expect(abs(norm - record.norms[step]) < 1e-6 * norm)
                try Gradients.scale(gradients, by: Gradients.clipping(norm, to: 1))
                try optimizer.step(gradients, rate: schedule.rate(atStep: step))
                try average.update(parameters)
            }
            let final = try parameters.map { try $0.floats() }
            #expect(relativeDistance(final, record.final) < 1e-6)
            #expect(relativeDistance(final, record.initial) > 1e-2)
            #expect(try relativeDistance(average.values.map { try $0.floats() }, record.average) < 1e-6)
        }
    }

    @Test func optionsOutsideTheirRangeAreRefused() {
        func refused(_ change: (inout Trainer<FlowMatchingLoss>.Options) -> Void) -> Bool {
            var options = Trainer<FlowMatchingLoss>.Options(schedule: LearningRateSchedule(rate: 1e-3))
            change(&options)
            do {
                try options.validate()
                return false
            } catch { return true }
        }
        #expect(!refused { _ in })
        #expect(refused { $0.schedule.rate = -1 })
        #expect(refused { $0.schedule.rate = .nan })
        #expect(refused { $0.schedule.warmUp = -1 })
        #expect(refused { $0.schedule.shape = .cosine(length: 0, minimum: 0) })
        #expect(refused { $0.optimizer.beta1 = 1 })
        #expect(refused { $0.optimizer.epsilon = 0 })
        #expect(refused { $0.optimizer.decay = -0.1 })
        #expect(refused { $0.maximumGradientNorm = 0 })
        #expect(throws: TrainingError.self) { try LowRankOptions(rank: 0).validate() }
        #expect(throws: TrainingError.self) { try LowRankOptions(rank: 2, dropout: 1).validate() }
    }
}
