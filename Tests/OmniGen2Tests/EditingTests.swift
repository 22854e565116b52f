import Foundation
import Imaging
import Testing
import Torch

@testable import OmniGen2

/// Editing with a tiny model of random weights: sizes, registration and masks, not what is drawn.
@Suite struct EditingTests {
    private static func model() async throws -> OmniGen2 {
        var configuration = OmniGen2.Configuration()
        configuration.precision = .float32
        configuration.device = "cpu"
        return try await OmniGen2(model: PipelineTests.checkpoint, configuration: configuration)
    }

    static func picture(_ width: Int, _ height: Int) throws -> Image {
        let count = width * height * 3
        return try Image(width: width, height: height, pixels: (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) })
    }

    /// White where `isFree`, black elsewhere.
    static func mask(_ width: Int, _ height: Int, _ isFree: (_ x: Int, _ y: Int) -> Bool) throws -> Image {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width { pixels += [UInt8](repeating: isFree(x, y) ? 255 : 0, count: 3) }
        }
        return try Image(width: width, height: height, pixels: pixels)
    }

    static func request(
        _ references: [Image], _ change: (inout GenerationRequest) -> Void = { _ in }
    ) -> GenerationRequest {
        var request = GenerationRequest(prompt: "Make the sky red")
        (request.height, request.width, request.steps) = (48, 64, 2)
        request.references = references
        change(&request)
        return request
    }

    @Test(arguments: [(77, 101), (16, 16), (1, 33), (64, 48)])
    func theExactSizeIsKept(width: Int, height: Int) async throws {
        let images = try await Self.model().generate(
            Self.request([Self.picture(width, height)]) { $0.keepsExactSize = true })
        #expect(images[0].width == width && images[0].height == height)
    }

    @Test func theExactSizeOfALargePictureIsDrawnSmallerAndSaidSo() async throws {
        final class Warnings: @unchecked Sendable {
            var texts: [String] = []
        }
        let warnings = Warnings()
        let request = try Self.request([Self.picture(77, 101)]) {
            $0.keepsExactSize = true
            $0.maxPixels = 3000
        }
        let images = try await Self.model().generate(request) {
            if case .warning(let text) = $0 { warnings.texts.append(text) }
        }
        #expect(images[0].width == 77 && images[0].height == 101)
        #expect(warnings.texts == ["drawn at 32x48, stretched to 77x101"])
    }

    @Test(arguments: ["euler", "dpmsolver++"])
    func whatTheMaskKeepsIsIdenticalAndTheRestIsDrawn(scheduler: String) async throws {
        let source = try Self.picture(77, 101)
        func isFree(_ x: Int, _ y: Int) -> Bool { (20..<50).contains(x) && (31..<77).contains(y) }
        let request = try Self.request([source, Self.picture(32, 32)]) {
            $0.keepsExactSize = true
            $0.mask = try? Self.mask(77, 101, isFree)
            $0.count = 2
            $0.scheduler = GenerationRequest.Scheduler(rawValue: scheduler) ?? .euler
        }
        let images = try await Self.model().generate(request)
        #expect(images.count == 2 && images[0] != images[1])
        for image in images {
            let differing = image.pixels.indices.filter { image.pixels[$0] != source.pixels[$0] }
            let changed = Set(differing.map { $0 / 3 })
            #expect(changed.allSatisfy { isFree($0 % 77, $0 / 77) })
            // Of the 30 x 46 pixels that may, most do.
            #expect(changed.count > 690)
        }
    }

    @Test func aWhiteMaskIsNoMask() async throws {
        let model = try await Self.model()
        let request = try Self.request([Self.picture(40, 23)]) { $0.keepsExactSize = true }
        var masked = request
        masked.mask = try Self.mask(40, 23) { _, _ in true }
        let (plain, free) = (try await model.generate(request), try await model.generate(masked))
        #expect(plain == free)
    }

    @Test func aMaskHoldsLatentsOnTheLineToTheSource() async throws {
        try await withEngine {
            let request = try Self.request([Self.picture(32, 16)]) {
                $0.keepsExactSize = true
                $0.mask = try? Self.mask(32, 16) { x, _ in x == 31 }
            }
            let canvas = try Canvas(request, multiple: 16)
            let mask = try #require(try EditMask(request))
            let noise = try Tensor([Float](repeating: 1, count: 8), [1, 1, 2, 4])
            let source = try Tensor([Float](repeating: 5, count: 8), [1, 2, 4])
            let held = try HeldLatents(mask, canvas, source: source, noise: noise)
            let latents = try Tensor((0..<8).map { Float($0) / 3 }, [1, 1, 2, 4])
            let result = try held.applied(to: latents, time: 0.25).floats()
            #expect(result == [2, 2, 2, Float(3) / 3, 2, 2, 2, Float(7) / 3])
            #expect(try held.applied(to: latents, time: 1).floats()[0] == 5)
        }
    }

    @Test func theModeOfAReferenceDrawsAnotherPictureThanASampleAndIsReproducible() async throws {
        let model = try await Self.model()
        let sample = try Self.request([Self.picture(40, 32)])
        var mode = sample
        mode.referenceLatents = .mode
        let (first, again) = (try await model.generate(mode), try await model.generate(mode))
        let sampled = try await model.generate(sample)
        #expect(first == again && first != sampled)
    }

    @Test func fiveReferencesAreDrawnAndSixRefused() async throws {
        let model = try await Self.model()
        let five = try Self.request((1...5).map { try Self.picture(16 * $0, 32) })
        let images = try await model.generate(five)
        #expect(images[0].width == 64 && images[0].height == 48)
        let six = try Self.request(five.references + [Self.picture(16, 16)])
        let error = #expect(throws: GenerationError.self) { try six.validate() }
        #expect(error?.description == "at most 5 reference pictures, got 6")
    }

    @Test func whatNoEditCanBeMadeFromIsNamedBeforeAnythingIsLoaded() throws {
        let source = try Self.picture(20, 10)
        let cases: [(String, GenerationRequest)] = [
            ("an exact size needs a picture", Self.request([]) { $0.keepsExactSize = true }),
            ("a mask needs the exact size", Self.request([source]) { $0.mask = source }),
            (
                "the mask is 10x20, the picture it is for is 20x10",
                Self.request([source]) {
                    $0.keepsExactSize = true
                    $0.mask = try? Self.mask(10, 20) { _, _ in true }
                }
            ),
            (
                "black everywhere",
                Self.request([source]) {
                    $0.keepsExactSize = true
                    $0.mask = try? Self.mask(20, 10) { _, _ in false }
                }
            ),
            (
                "8193x1 cannot keep its exact size",
                try Self.request([Self.picture(8193, 1)]) { $0.keepsExactSize = true }
            ),
        ]
        for (words, request) in cases {
            let error = #expect(throws: GenerationError.self) { try request.validate() }
            #expect(error?.description.contains(words) == true, "\(words)")
        }
    }
}

/// The sizes of an edit, without a model.
@Suite struct CanvasTests {
    @Test(arguments: [(77, 101, 80, 112), (777, 1023, 784, 1024), (16, 16, 16, 16), (1, 1, 16, 16)])
    func anExactSizeIsPaddedToWhatCanBeDrawn(width: Int, height: Int, drawnWidth: Int, drawnHeight: Int) throws {
        let source = try EditingTests.picture(width, height)
        let canvas = try Canvas(EditingTests.request([source]) { $0.keepsExactSize = true }, multiple: 16)
        #expect(canvas.drawn == PictureSize(width: drawnWidth, height: drawnHeight))
        #expect(canvas.output == PictureSize(source) && canvas.finish == .crop && canvas.warning == nil)
        // No pixel moves: the padded source, cropped, is the source.
        #expect(try canvas.references[0].cropped(width: width, height: height) == source)
    }

    @Test(arguments: [(1 << 20, 100), (3000, 1024)])
    func whatIsAboveALimitIsFittedInstead(maxPixels: Int, maxInputSide: Int) throws {
        let request = try EditingTests.request([EditingTests.picture(77, 101)]) {
            $0.keepsExactSize = true
            $0.maxPixels = maxPixels
            $0.maxInputSide = maxInputSide
        }
        let canvas = try Canvas(request, multiple: 16)
        #expect(canvas.finish == .stretch && canvas.output == PictureSize(width: 77, height: 101))
        #expect(canvas.drawn.width * canvas.drawn.height <= maxPixels && canvas.drawn.height <= maxInputSide)
        #expect(canvas.warning != nil)
    }

    @Test func oneAlignedReferenceDecidesAndSeveralDoNot() throws {
        let pictures = try [EditingTests.picture(50, 40), EditingTests.picture(33, 65)]
        func output(_ references: [Image], aligns: Bool) throws -> PictureSize {
            try Canvas(EditingTests.request(references) { $0.alignsToReference = aligns }, multiple: 16).output
        }
        let asked = PictureSize(width: 64, height: 48)
        #expect(try output([pictures[0]], aligns: true) == PictureSize(width: 48, height: 32))
        #expect(try output([pictures[0]], aligns: false) == asked)
        #expect(try output(pictures, aligns: true) == asked)
        #expect(try output([], aligns: true) == asked)
    }
}
