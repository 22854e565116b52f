import Diffusion
import Foundation
import Imaging
import Layers
import Synchronization
import Testing
import Torch

@testable import OmniGen2

@Suite struct PlanTests {
    private static func request(_ change: (inout GenerationRequest) throws -> Void = { _ in }) rethrows
        -> GenerationRequest
    {
        var request = GenerationRequest(prompt: "A dog running in the park")
        (request.height, request.width, request.steps) = (48, 64, 12)
        try change(&request)
        return request
    }

    private static func picture(_ width: Int, _ height: Int) throws -> Image {
        try Image(width: width, height: height, pixels: Array(repeating: 90, count: 3 * width * height))
    }

    /// What the shape of a run foresees is what the run does.
    @Test(arguments: [
        GenerationRequest.Cache.none, .taylorSeer(interval: 3, order: 4), .taylorSeer(interval: 4, order: 1),
    ])
    func theForeseenBlocksAreThoseThatRun(cache: GenerationRequest.Cache) async throws {
        let request = try Self.request {
            $0.references = [try Self.picture(64, 48), try Self.picture(48, 48)]
            ($0.cache, $0.guidanceRange, $0.count) = (cache, 0.2...0.6, 2)
        }
        let ran = Mutex(0)
        let model = try await OmniGen2(model: PipelineTests.checkpoint)
        _ = try await model.generate(request) { progress in
            if case .blockForwards(let count, _) = progress { ran.withLock { $0 = count } }
        }
        let foreseen = try await withEngine {
            let folder = try ModelFolder(path: PipelineTests.checkpoint)
            let configuration = try folder.transformerConfiguration()
            let shape = try RunShape(request, texts: (20, 30), pixelsOfToken: 16)
            #expect(shape.texts == [20, 30] && shape.imageTokens == 12 && shape.referenceTokens == [12, 9])
            let full = shape.steps.filter { !$0.isEmpty }
            // A reference is refined at steps at which some branch that sees it runs.
            let refined = full.count * (request.count + shape.referenceTokens.count)
            return configuration.layerCount * full.map(\.count).reduce(0, +)
                + configuration.refinerLayerCount * (refined + shape.texts.count)
        }
        #expect(ran.withLock { $0 } == foreseen)
    }

    /// The bytes counted without reading are those of the packed files, but for what drawing never asks for.
    @Test(arguments: [WeightStorage.packed, .int8, .int4])
    func countedBytesAreThoseOfTheFiles(storage: WeightStorage) async throws {
        try await withTemporaryFolder { folder in
            try await withEngine {
                let path = "\(folder)/packed"
                let published = try ModelFolder(path: PipelineTests.checkpoint)
                var conversion = CheckpointConversion(published, output: path)
                conversion.storage = storage
                try conversion.run()
                let packed = try ModelFolder(path: path)
                let tensors = try packed.tensors(.transformer)
                let stored = tensors.names.reduce(0) { $0 + (tensors[$1]?.entry.byteRange.count ?? 0) }
                let counted = try packed.footprint(.transformer, .bfloat16, .cpu)
                #expect(counted.pieces.reduce(0) { $0 + $1.bytes } == stored)
                #expect(counted.pieces.allSatisfy { $0.isMapped && $0.numbersToPack == 0 })
                #expect(counted.mapped() == stored)
                let head = try packed.footprint(.mllm, .bfloat16, .cpu).pieces.filter { $0.name.hasPrefix("lm_head") }
                #expect(head.isEmpty)
            }
        }
    }

    private static func plan(
        _ request: GenerationRequest, limit: Int?, precision: OmniGen2.Precision = .bfloat16
    ) async throws -> RunPlan {
        try await withEngine {
            try Planner(ModelFolder(path: PipelineTests.checkpoint), precision).plan(request, limit: limit, nil)
        }
    }

    @Test func blocksAreReadWhereTheyDoNotFitAndARunIsRefusedWhereNothingHelps() async throws {
        let free = try await Self.plan(Self.request(), limit: nil)
        #expect(free.fits && !free.readsBlocks && free.remedies.isEmpty && free.seconds == nil)
        let tight = try await Self.plan(Self.request(), limit: free.memory - 1)
        #expect(tight.fits && tight.readsBlocks && tight.memory < free.memory)
        let hopeless = try await Self.plan(Self.request(), limit: 1_000_000)
        #expect(!hopeless.fits && hopeless.remedies.isEmpty)
    }

    @Test func whatWouldFitIsNamed() async throws {
        let large = Self.request { ($0.height, $0.width) = (1024, 1024) }
        let needed = try await Self.plan(large, limit: 1).memory
        let refused = try await Self.plan(large, limit: needed - 1)
        #expect(!refused.fits && !refused.remedies.isEmpty)
        for remedy in refused.remedies { #expect(remedy.memory < needed && !remedy.options.isEmpty) }
    }

    @Test func aLargerPictureAndAReferenceTakeMore() async throws {
        let small = try await Self.plan(Self.request(), limit: nil)
        let large = try await Self.plan(Self.request { ($0.height, $0.width) = (512, 512) }, limit: nil)
        let edit = try await Self.plan(
            Self.request {
                ($0.height, $0.width) = (512, 512)
                $0.references = [try Self.picture(512, 512)]
            }, limit: nil)
        #expect(small.memory < large.memory && large.memory <= edit.memory)
        let steps = [large, edit].map { $0.stages.first { $0.kind == .steps }?.memory ?? 0 }
        #expect(steps[0] < steps[1])
        #expect(edit.references == ["512x512"] && edit.stages.map(\.kind) == RunPlan.Stage.Kind.allCases)
        #expect(small.stages.map(\.kind) == [.load, .text, .steps, .pixels])
    }

    @Test func aMachineIsMeasuredOnce() async throws {
        try await withTemporaryFolder { folder in
            try await withEngine {
                let model = try ModelFolder(path: PipelineTests.checkpoint)
                let planner = try Planner(model, .bfloat16)
                let store = SpeedStore(folder: folder)
                #expect(try planner.storedSpeed(threads: 2, store: store) == nil)
                let measured = try planner.speed(threads: 2, store: store)
                #expect(try planner.speed(threads: 2, store: store) == measured)
                #expect(try planner.storedSpeed(threads: 1, store: store) == nil)
                #expect(try Planner(model, .float32).storedSpeed(threads: 2, store: store) == nil)
                for rate in [measured.attentionRate, measured.packingRate, measured.readingRate] { #expect(rate > 0) }
                #expect(measured.programBytes > 10_000_000 && measured.start > 0)
                let plan = try planner.plan(Self.request(), limit: nil, measured)
                let longer = try planner.plan(Self.request { $0.steps = 24 }, limit: nil, measured)
                let (short, long) = (try #require(plan.seconds), try #require(longer.seconds))
                #expect(short > 0 && long > short)
                // A file that is no speed is measured anew.
                for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                    try Data("{".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
                }
                #expect(try planner.storedSpeed(threads: 2, store: store) == nil)
            }
        }
    }

    /// A weight that is packed when it is read does not stay in memory as it lies in the file.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/smaps")))
    func theFilesPagesAreGivenBackOnceAWeightIsPacked() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/model"
            try FileManager.default.copyItem(atPath: PipelineTests.checkpoint, toPath: path)
            func mapped() throws -> Int {
                let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps")).readDataToEndOfFile()
                let lines = String(decoding: file, as: UTF8.self).split(separator: "\n")
                return lines.indices.filter { lines[$0].hasSuffix("safetensors") && lines[$0].contains(path) }
                    .flatMap { lines[$0...].prefix(6).filter { $0.hasPrefix("Rss:") } }
                    .reduce(0) { $0 + (Int($1.filter(\.isNumber)) ?? 0) << 10 }
            }
            try await withEngine {
                let model = try ModelFolder(path: path)
                let tensors = try model.tensors(.transformer)
                let source = try CheckpointPart(.transformer, tensors).source()
                let stored = tensors.names.reduce(0) { $0 + (tensors[$1]?.entry.byteRange.count ?? 0) }
                for name in source.names ?? [] {
                    _ = try source.tensor(name, source.shape(of: name) ?? [], initial: .zeros)?.to(.float64).sum()
                }
                #expect(try mapped() >= stored)
                for name in source.names ?? [] { source.releaseMemory(of: name) }
                #expect(try mapped() < stored / 2)
            }
        }
    }

    @Test func aSpeedIsALineThroughTwoMeasurements() {
        let speed = LayerSpeed(few: (100, 2), many: (300, 4))
        #expect(abs(speed.seconds(100) - 2) < 1e-12 && abs(speed.seconds(500) - 6) < 1e-12)
        // A disturbed clock gives no negative times.
        let disturbed = LayerSpeed(few: (100, 5), many: (300, 4))
        #expect(disturbed.seconds(0) >= 0 && disturbed.seconds(300) == 4)
    }

    @Test(arguments: Preset.allCases) func aPresetLeavesWhatItDoesNotChoose(preset: Preset) throws {
        var request = Self.request { ($0.seed, $0.textGuidance, $0.scheduler) = (7, 3, .dpmSolver) }
        request.apply(preset)
        try request.validate()
        #expect(request.seed == 7 && request.textGuidance == 3 && request.height == 48)
        var plain = GenerationRequest(prompt: "x")
        plain.apply(.quality)
        #expect(plain == GenerationRequest(prompt: "x"))
    }
}
