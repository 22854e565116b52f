import Foundation
import Imaging
import Testing
import Torch

@testable import OmniGen2

@Suite struct PipelineTests {
    static let checkpoint = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/goldens/omnigen2-tiny").path

    private static func request(_ change: (inout GenerationRequest) -> Void = { _ in }) -> GenerationRequest {
        var request = GenerationRequest(prompt: "A dog running in the park")
        (request.height, request.width, request.steps) = (48, 64, 3)
        change(&request)
        return request
    }

    private static func model() async throws -> OmniGen2 {
        var configuration = OmniGen2.Configuration()
        configuration.precision = .float32
        configuration.device = "cpu"
        return try await OmniGen2(model: checkpoint, configuration: configuration)
    }

    @Test func theSameSeedGivesTheSamePixelsAndAnotherSeedOthers() async throws {
        let model = try await Self.model()
        let first = try await model.generate(Self.request())
        let again = try await model.generate(Self.request())
        let other = try await model.generate(Self.request { $0.seed = 1 })
        #expect(first == again)
        #expect(first != other)
        #expect(first[0].width == 64 && first[0].height == 48)
    }

    @Test func aStreamBringsStepsPreviewsAndThePictureAndChangesNothing() async throws {
        let model = try await Self.model()
        var steps: [Int] = []
        var previews: [Image] = []
        var pictures: [Image] = []
        for try await event in model.generateEvents(Self.request { $0.previewInterval = 1 }) {
            switch event {
            case .progress(.step(let step, let count)): steps.append(count * 10 + step)
            case .progress(.preview(let image, _)): previews.append(image)
            case .picture(let image, _): pictures.append(image)
            case .progress: break
            }
        }
        #expect(steps == [31, 32, 33])
        #expect(previews.count == 2 && previews[0].width == 64 && previews[0] != previews[1])
        let plain = try await model.generate(Self.request())
        #expect(pictures == plain)
    }

    @Test func aRememberedPromptGivesTheSamePicture() async throws {
        let model = try await Self.model()
        let first = try await model.generate(Self.request())
        _ = try await model.generate(Self.request { $0.prompt = "Another prompt, beside the same negative one" })
        let again = try await model.generate(Self.request())
        let fresh = try await Self.model().generate(Self.request())
        #expect(first == again && first == fresh)
    }

    @Test func stepCachesAreForgottenBetweenRuns() async throws {
        let model = try await Self.model()
        let cached = Self.request {
            $0.steps = 8
            $0.cache = .originalTaylorSeer
        }
        let first = try await model.generate(cached)
        let again = try await model.generate(cached)
        let plain = try await model.generate(Self.request { $0.steps = 8 })
        #expect(first == again && first != plain)
    }

    @Test func severalPicturesComeFromOneStreamOfNoise() async throws {
        let model = try await Self.model()
        let single = try await model.generate(Self.request())
        let pair = try await model.generate(Self.request { $0.count = 2 })
        #expect(pair.count == 2 && pair[0] != pair[1])
        // The first picture's noise is the stream's beginning in both; a level is the rounding of a larger batch.
        let difference = zip(single[0].pixels, pair[0].pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
        #expect(difference <= 1)
    }

    @Test func referencesChangeThePictureAndItsSizeAndAreReproducible() async throws {
        let model = try await Self.model()
        let reference = try Image(width: 50, height: 40, pixels: (0..<6000).map { UInt8($0 % 251) })
        let request = Self.request { $0.references = [reference] }
        let first = try await model.generate(request)
        let again = try await model.generate(request)
        #expect(first == again)
        #expect(first[0].width == 48 && first[0].height == 32)
        let free = try await model.generate(
            Self.request {
                $0.references = [reference]
                $0.alignsToReference = false
            })
        #expect(free[0].width == 64 && free[0].height == 48)
        let plain = try await model.generate(Self.request())
        #expect(free != plain)
    }

    @Test func progressCountsTheStepsAndACutPromptIsSaid() async throws {
        final class Events: @unchecked Sendable {
            var steps: [Int] = []
            var warnings: [String] = []
        }
        let events = Events()
        _ = try await Self.model().generate(Self.request { $0.maxPromptTokens = 20 }) { progress in
            switch progress {
            case .step(let step, _): events.steps.append(step)
            case .warning(let text): events.warnings.append(text)
            case .preview, .blockForwards: break
            }
        }
        #expect(events.steps == [1, 2, 3])
        #expect(events.warnings.contains { $0.contains("20 are read") })
    }

    @Test func aPromptLongerThanTheModelReadsIsCutAndDrawn() async throws {
        final class Warnings: @unchecked Sendable {
            var texts: [String] = []
        }
        let warnings = Warnings()
        let request = Self.request {
            $0.prompt = String(repeating: "dog ", count: 3000)
            $0.steps = 1
            $0.maxPromptTokens = nil
        }
        let images = try await Self.model().generate(request) {
            if case .warning(let text) = $0 { warnings.texts.append(text) }
        }
        #expect(images.count == 1)
        #expect(warnings.texts.contains { $0.contains("are read") })
    }

    @Test func aCancelledTaskStops() async throws {
        let model = try await Self.model()
        let task = Task { try await model.generate(Self.request { $0.steps = 1000 }) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    private static let impossible: [(String, GenerationRequest)] = [
        ("height", request { $0.height = 0 }), ("width", request { $0.width = 100_000 }),
        ("steps", request { $0.steps = 0 }), ("prompt", request { $0.prompt = " \n" }),
        ("count", request { $0.count = 0 }), ("guidance", request { $0.textGuidance = -1 }),
        ("range", request { $0.guidanceRange = 0...1.5 }),
    ]

    @Test(arguments: impossible)
    func aValueNoPictureCanBeMadeFromIsNamed(word: String, request: GenerationRequest) {
        let error = #expect(throws: GenerationError.self) { try request.validate() }
        #expect(error?.description.contains(word) == true)
    }

    @Test func aFolderThatIsNoCheckpointIsNamed() async throws {
        let missing = await #expect(throws: GenerationError.self) { try await OmniGen2(model: "/nowhere") }
        #expect(missing?.description == "/nowhere: no such folder")
        let other = await #expect(throws: GenerationError.self) { try await OmniGen2(model: "/tmp") }
        #expect(other?.description.contains("model_index.json is missing") == true)
    }
}

@Suite struct PictureSizeTests {
    @Test(arguments: [
        (1024, 1024, 1024, 1024), (1600, 900, 1024, 576), (100, 75, 96, 64), (15, 500, 0, 496),
        (4000, 4000, 1024, 1024),
    ])
    func aReferenceIsFitted(width: Int, height: Int, fittedWidth: Int, fittedHeight: Int) {
        let size = PictureSize(width: width, height: height).fitted(maxPixels: 1 << 20, maxSide: 1024, multiple: 16)
        #expect(size == PictureSize(width: fittedWidth, height: fittedHeight))
    }

    @Test func aLargePictureIsDrawnSmaller() {
        let size = PictureSize(width: 1536, height: 1536).drawn(maxPixels: 1 << 20, multiple: 16)
        #expect(size == PictureSize(width: 1024, height: 1024))
    }
}
