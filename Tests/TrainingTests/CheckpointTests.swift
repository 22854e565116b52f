import Foundation
import Layers
import Testing
import Torch

@testable import Training

@Suite struct CheckpointTests {
    private static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("training-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path)
    }

    private static func trainer(_ lowRank: LowRankOptions?) throws -> Trainer<FlowMatchingLoss> {
        try SmallTraining.trainer(
            SmallTraining.parameters(lowRank: lowRank), SmallTraining.options(recomputing: true, averaging: 0.99))
    }

    /// Batches by the order of a run.
    private static func step(_ trainer: Trainer<FlowMatchingLoss>, _ order: inout SampleOrder) throws {
        let samples = try (0..<2).flatMap { try SmallTraining.batch(UInt64($0 * 20)) }
        _ = try trainer.step([order.next(2).map { samples[$0] }, order.next(1).map { samples[$0] }])
    }

    @Test(arguments: [nil, LowRankOptions(rank: 2, dropout: 0.2)])
    func aRunThatIsResumedEqualsOneThatWasNot(lowRank: LowRankOptions?) async throws {
        try await withEngine {
            try Self.withFolder { folder in
                let path = folder + "/state.safetensors"
                let straight = try Self.trainer(lowRank)
                var order = try SampleOrder(count: 4, seed: 9)
                for _ in 0..<3 { try Self.step(straight, &order) }
                try straight.checkpoint(position: order.position, environment: ["threads": "2"]).write(to: path)
                for _ in 0..<3 { try Self.step(straight, &order) }

                let read = try Checkpoint(path: path)
                let resumed = try Self.trainer(lowRank)
                var again = try SampleOrder(count: 4, seed: 9, position: read.progress.position)
                try resumed.restore(read)
                #expect(resumed.stepCount == 3)
                for _ in 0..<3 { try Self.step(resumed, &again) }

                let (first, second) = (straight.checkpoint(), resumed.checkpoint())
                #expect(first.progress == second.progress && order.position == again.position)
                #expect(first.tensors.count == straight.parameters.list.count * 4)
                for (name, tensor) in first.tensors {
                    let same = try tensor.withBytes { Array($0) } == second.tensors[name]?.withBytes { Array($0) }
                    #expect(same, "\(name)")
                }
                #expect(read.differences(from: ["threads": "2"]).isEmpty)
                #expect(read.differences(from: ["threads": "1"]) == ["threads: 2 then, 1 now"])
            }
        }
    }

    @Test func aCheckpointOfAnotherRunIsRefusedAndChangesNothing() async throws {
        try await withEngine {
            try Self.withFolder { folder in
                let path = folder + "/state.safetensors"
                try Self.trainer(LowRankOptions(rank: 2)).checkpoint().write(to: path)
                let trainer = try Self.trainer(LowRankOptions(rank: 3))
                let before = try SmallTraining.values(trainer.parameters)
                #expect(throws: WeightError.self) { try trainer.restore(Checkpoint(path: path)) }
                #expect(throws: WeightError.self) { try Self.trainer(nil).restore(Checkpoint(path: path)) }
                #expect(try SmallTraining.values(trainer.parameters) == before)
                let withoutAverage = try SmallTraining.trainer(
                    SmallTraining.parameters(lowRank: LowRankOptions(rank: 2)), SmallTraining.options())
                #expect(throws: WeightError.self) { try withoutAverage.restore(Checkpoint(path: path)) }

                let progress = try #require(try SafetensorsFile(path: path).metadata["training"])
                // As earlier versions wrote it.
                let older = progress.replacing(#","skipped":0"#, with: "")
                try SafetensorsWriter.write([], metadata: ["training": older], to: path)
                #expect(older != progress)
                #expect(try Checkpoint(path: path).progress.skipped == nil)
                try SafetensorsWriter.write([], metadata: ["training": "{}"], to: path)
                #expect(throws: TrainingError.self) { try Checkpoint(path: path) }
                try SafetensorsWriter.write([], to: path)
                #expect(throws: TrainingError.self) { try Checkpoint(path: path) }
            }
        }
    }

    @Test func everyEpochTakesEverySampleOnceInAnOrderOfItsOwn() throws {
        var order = try SampleOrder(count: 7, seed: 1)
        let first = (0..<7).flatMap { _ in order.next(1) }
        let second = (0..<7).flatMap { _ in order.next(1) }
        #expect(first.sorted() == Array(0..<7) && second.sorted() == first.sorted() && first != second)
        #expect(order.position.epoch == 1)
        // Seven samples hold three batches of two.
        var pairs = try SampleOrder(count: 7, seed: 1)
        for _ in 0..<4 { #expect(pairs.next(2).count == 2) }
        #expect(pairs.position.epoch == 1 && pairs.position.taken == 2)
        #expect(throws: TrainingError.self) { try SampleOrder(count: 0, seed: 1) }
        #expect(throws: TrainingError.self) { try SampleOrder(count: 3, seed: 1, position: pairs.position.beyond) }
    }
}

extension SampleOrder.Position {
    fileprivate var beyond: SampleOrder.Position {
        var position = self
        position.taken = 100
        return position
    }
}
