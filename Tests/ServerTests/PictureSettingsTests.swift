import OmniGen2
import Testing

@testable import Server

@Suite struct PictureSettingsTests {
    private static let context: SettingsContext = {
        var defaults = GenerationRequest(prompt: "")
        (defaults.width, defaults.height) = (64, 64)
        return SettingsContext(
            defaults: defaults, limits: RequestLimits(), adapters: ["ink": "/adapters/ink.safetensors"])
    }()

    private static func settings(_ document: JSONValue) throws -> PictureSettings {
        var fields = try Fields(document)
        return try PictureSettings(&fields, context)
    }

    private static let documents: [JSONValue] = [
        ["prompt": "a"],
        ["prompt": "a", "size": "96x32", "n": 3, "seed": 7, "num_inference_steps": 12],
        ["prompt": "a", "preset": "fast", "cfg_range": [0.1, 0.9], "guidance_scale": 1, "guidance_scale_2": 1.5],
        ["prompt": "a", "scheduler": "dpmsolver++", "cache": "teacache:0.1", "negative_prompt": ""],
        ["prompt": "a", "width": 128, "height": 256, "align_res": true, "exact_size": true, "max_pixels": 4096],
        [
            "prompt": "a", "lora": ["ink", ["name": "ink", "scale": -0.5]], "output_format": "webp",
            "output_compression": 7,
        ],
        ["prompt": "a", "cache": "taylorseer:5:3", "reference_latents": "mode", "max_input_image_side_length": 512],
    ]

    @Test(arguments: documents.indices)
    func whatIsWrittenReadsAsTheSame(_ index: Int) throws {
        let settings = try Self.settings(Self.documents[index])
        #expect(try Self.settings(settings.json) == settings)
    }

    @Test func theNamesOfOtherServersAreRead() throws {
        let settings = try Self.settings([
            "prompt": "a", "steps": 9, "text_guidance_scale": 3, "image_guidance_scale": 1.2, "cfg_range_start": 0.2,
            "cfg_range_end": 0.6, "num_images_per_prompt": 2,
        ])
        #expect(settings.request.steps == 9 && settings.request.textGuidance == 3)
        #expect(settings.request.imageGuidance == 1.2 && settings.request.guidanceRange == 0.2...0.6)
        #expect(settings.request.count == 2)
    }

    @Test func aPresetIsOverriddenByWhatIsSaid() throws {
        let settings = try Self.settings(["prompt": "a", "preset": "fast", "num_inference_steps": 11])
        var fast = GenerationRequest(prompt: "a")
        fast.apply(.fast)
        #expect(settings.request.steps == 11)
        #expect(settings.request.cache == fast.cache && settings.request.guidanceRange == fast.guidanceRange)
    }

    @Test func aSizeThatIsAskedForIsNotThePictures() throws {
        #expect(try Self.settings(["prompt": "a"]).request.alignsToReference)
        #expect(try Self.settings(["prompt": "a", "size": "auto"]).request.alignsToReference)
        #expect(try !Self.settings(["prompt": "a", "size": "32x32"]).request.alignsToReference)
        #expect(try Self.settings(["prompt": "a", "size": "32x32", "align_res": true]).request.alignsToReference)
    }

    @Test func aFormsTextIsReadAsNumbersAndLists() throws {
        var fields = Fields(form: [
            ("prompt", "a"), ("n", "2"), ("guidance_scale", "2.5"), ("cfg_range", "[0, 0.5]"), ("exact_size", "true"),
            ("lora", "ink"), ("seed", ""),
        ])
        let settings = try PictureSettings(&fields, Self.context)
        #expect(settings.request.count == 2 && settings.request.textGuidance == 2.5)
        #expect(settings.request.guidanceRange == 0...0.5 && settings.request.keepsExactSize)
        #expect(settings.adapters == [.init(name: "ink", scale: 1)])
    }

    @Test func withoutASeedEveryRequestHasItsOwn() throws {
        let seeds = try (0..<8).map { _ in try Self.settings(["prompt": "a"]).request.seed }
        #expect(Set(seeds).count > 1)
    }

    private static let refused: [(document: JSONValue, parameter: String)] = [
        (["prompt": 5], "prompt"), (["prompt": "a", "size": "12"], "size"), (["prompt": "a", "size": "8x8"], "size"),
        (["prompt": "a", "size": "8192x8192"], "size"), (["prompt": "a", "width": "wide"], "width"),
        (["prompt": "a", "n": 0], "n"), (["prompt": "a", "n": 5], "n"), (["prompt": "a", "n": 1.5], "n"),
        (["prompt": "a", "num_inference_steps": 0], "num_inference_steps"),
        (["prompt": "a", "num_inference_steps": 201], "num_inference_steps"),
        (["prompt": "a", "scheduler": "heun"], "scheduler"), (["prompt": "a", "cache": "magic"], "cache"),
        (["prompt": "a", "cfg_range": [0.9, 0.1]], "cfg_range"), (["prompt": "a", "cfg_range": "all"], "cfg_range"),
        (["prompt": "a", "seed": -2], "seed"), (["prompt": "a", "seed": 4_294_967_296], "seed"),
        (["prompt": "a", "lora": "../../etc/passwd"], "lora"), (["prompt": "a", "lora": [7]], "lora"),
        (["prompt": "a", "output_format": "gif"], "output_format"),
        (["prompt": "a", "output_compression": 101], "output_compression"),
        (["prompt": "a", "preset": "slow"], "preset"), (["prompt": "a", "exact_size": "maybe"], "exact_size"),
        (["prompt": "a", "guidance_scale": "much"], "guidance_scale"),
        (["prompt": .string(String(repeating: "a", count: 20_000))], "prompt"),
    ]

    @Test(arguments: refused.indices)
    func whatIsWrongIsNamed(_ index: Int) throws {
        let (document, parameter) = Self.refused[index]
        let error = #expect(throws: APIError.self) { try Self.settings(document) }
        #expect(error?.parameter == parameter)
        #expect(error?.status == 400)
        // These are said in their own words.
        if !["lora", "size"].contains(parameter) { #expect(error?.message.contains(parameter) == true) }
    }

    @Test func whatNobodyReadsIsKnown() throws {
        var fields = try Fields(["prompt": "a", "num_inference_step": 5])
        _ = try PictureSettings(&fields, Self.context)
        #expect(fields.unread == ["num_inference_step"])
    }
}
