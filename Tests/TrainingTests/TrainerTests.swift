import Diffusion
import Layers
import Testing
import Torch

@testable import Training

@Suite struct TrainerTests {
    /// Gradients of a step that changes nothing.
    private static func gradients(
        _ parameters: Parameters, recomputing: Bool, batches: [[FlowMatchingLoss.Sample]]
    ) throws -> [[Float]] {
        var options = SmallTraining.options(rate: 0, recomputing: recomputing)
        options.maximumGradientNorm = nil
        _ = try SmallTraining.trainer(parameters, options).step(batches)
        return try parameters.gradients().map { try $0.floats() }
    }

    @Test(arguments: [nil, LowRankOptions(rank: 2), LowRankOptions(rank: 2, dropout: 0.3)])
    func recomputedBlocksGiveTheSameGradients(lowRank: LowRankOptions?) async throws {
        try await withEngine {
            let parameters = try SmallTraining.parameters(lowRank: lowRank)
            let batches = [try SmallTraining.batch()]
            let plain = try Self.gradients(parameters, recomputing: false, batches: batches)
            let recomputed = try Self.gradients(parameters, recomputing: true, batches: batches)
            #expect(plain.joined().contains { $0 != 0 })
            #expect(relativeDistance(recomputed, plain) < 1e-6)
            #expect(plain.allSatisfy { $0.contains { $0 != 0 } }, "every parameter has a gradient")
        }
    }

    @Test func recomputationWorksInBFloat16() async throws {
        try await withEngine {
            let parameters = try SmallTraining.parameters(computing: .bfloat16)
            let batches = [try SmallTraining.batch()]
            let plain = try Self.gradients(parameters, recomputing: false, batches: batches)
            let recomputed = try Self.gradients(parameters, recomputing: true, batches: batches)
            #expect(relativeDistance(recomputed, plain) < 1e-2)
            let exact = try Self.gradients(SmallTraining.parameters(), recomputing: false, batches: batches)
            #expect(relativeDistance(plain, exact) < 0.1)
        }
    }

    @Test func aStepDoesNotDependOnHowItsSamplesAreSpreadOverBatches() async throws {
        try await withEngine {
            let batch = try SmallTraining.batch()
            // Constant draws: samples of one batch draw their noise before their times.
            struct Fixed: Loss {
                let base: FlowMatchingLoss
                var measureNames: [String] { base.measureNames }
                func callAsFunction(
                    _ weights: Weights, _ batch: [FlowMatchingLoss.Sample], _ generators: Generators,
                    _ execution: any BlockExecution
                ) throws -> LossTerms {
                    let terms = try batch.map { sample in
                        try base(weights, [sample], Generators(seed: UInt64(sample.latent.count)), execution)
                    }
                    let measures = terms[0].measures.indices.map { index in
                        Measure(
                            sum: terms.map { $0.measures[index].sum }.reduce(0, +),
                            count: terms.map { $0.measures[index].count }.reduce(0, +))
                    }
                    return LossTerms(
                        sum: try Tensor.stacked(terms.map(\.sum)).sum(), count: terms.map(\.count).reduce(0, +),
                        measures: measures)
                }
            }
            func run(_ batches: [[FlowMatchingLoss.Sample]]) throws -> (Double, [[Float]]) {
                let parameters = try SmallTraining.parameters()
                let loss = Fixed(base: FlowMatchingLoss(try SmallTraining.configuration()))
                let trainer = try Trainer(
                    parameters, loss, Trainer<Fixed>.Options(schedule: LearningRateSchedule(rate: 0)), seed: 1)
                let report = try trainer.step(batches)
                return (report.loss, try parameters.gradients().map { try $0.floats() })
            }
            let together = try run([batch])
            let apart = try run(batch.map { [$0] })
            #expect(abs(together.0 - apart.0) < 1e-5 * together.0)
            #expect(relativeDistance(apart.1, together.1) < 1e-5)
        }
    }

    @Test(arguments: [nil, LowRankOptions(rank: 2)])
    func theLossOfOneBatchFalls(lowRank: LowRankOptions?) async throws {
        try await withEngine {
            let parameters = try SmallTraining.parameters(lowRank: lowRank)
            let trainer = try SmallTraining.trainer(parameters, SmallTraining.options(rate: 2e-2, averaging: 0.9))
            let batch = try SmallTraining.batch()
            let losses = try (0..<20).map { _ in try trainer.step([batch]).loss }
            let (start, end) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
            #expect(end < 0.8 * start)
            #expect(trainer.stepCount == 20)
        }
    }

    @Test func gradientsAreSummedOverProcessesOnceAStep() async throws {
        try await withEngine {
            final class Calls { var count = 0 }
            let calls = Calls()
            let parameters = try SmallTraining.parameters()
            let loss = FlowMatchingLoss(try SmallTraining.configuration())
            // A second process with the same samples: twice the sums over twice the count is the same step.
            let trainer = try Trainer(parameters, loss, SmallTraining.options(), seed: 5) { tensors in
                calls.count += 1
                for tensor in tensors { try tensor.copy(from: tensor * 2) }
            }
            let report = try trainer.step([SmallTraining.batch(), SmallTraining.batch(20)])
            let alone = try SmallTraining.trainer(SmallTraining.parameters(), SmallTraining.options())
                .step([SmallTraining.batch(), SmallTraining.batch(20)])
            #expect(calls.count == 1)
            #expect(abs(report.loss - alone.loss) < 1e-6 && abs(report.gradientNorm - alone.gradientNorm) < 1e-5)
            #expect(report.measures == alone.measures)
        }
    }

    @Test func aLossThatIsNoNumberChangesNothing() async throws {
        try await withEngine {
            let parameters = try SmallTraining.parameters()
            let trainer = try SmallTraining.trainer(parameters, SmallTraining.options())
            let before = try SmallTraining.values(parameters)
            var sample = try SmallTraining.batch()[0]
            sample = .init(latent: try sample.latent * Double.infinity, text: sample.text)
            #expect(throws: TrainingError.self) { try trainer.step([[sample]]) }
            #expect(throws: TrainingError.self) { try trainer.step([[]]) }
            #expect(throws: TrainingError.self) { try trainer.step([]) }
            #expect(try SmallTraining.values(parameters) == before)
            #expect(trainer.stepCount == 0)
        }
    }
}
