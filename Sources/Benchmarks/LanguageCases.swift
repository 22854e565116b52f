import Layers
import QwenVL
import Torch

/// The vision tower, and the language model reading and writing.
enum LanguageCases {
    private static let sides = [256, 512, 1024]
    /// Tokens of a question around its picture, and of each of two prompts.
    private static let questionTokens = 40
    private static let promptTokens = 64

    static var all: [BenchmarkCase<Model>] { sides.map(vision) + [prefill, firstToken, decode, textEncode] }

    /// Both halves, each built when a case first needs it.
    final class Model {
        let models: OfficialModels
        private var builtTower: VisionTower?
        private var builtModel: LanguageModel?

        init(_ numbers: ModelNumbers) throws { models = try OfficialModels(numbers) }

        func tower() throws -> VisionTower {
            let tower = try builtTower ?? models.visionTower()
            builtTower = tower
            return tower
        }

        func languageModel() throws -> LanguageModel {
            let model = try builtModel ?? models.languageModel()
            builtModel = model
            return model
        }
    }

    /// Ids of a text; which they are makes no difference to the time.
    private static func text(_ count: Int) -> [Int] { (0..<count).map { 1000 + 7 * $0 } }

    private static func vision(_ side: Int) -> BenchmarkCase<Model> {
        let name = "vision-\(side)"
        return BenchmarkCase(name, "picture of \(side)x\(side)") { model in
            let tower = try model.tower()
            let picture = try Picture(side, model.models, tower.configuration)
            return Measurement(work: .operations(picture.operations, model.models.peak)) {
                try tower(picture.patches, [picture.grid]).requireNumbers(name)
            }
        }
    }

    /// Patches of a square picture, as the processor would cut it.
    private struct Picture {
        let patches: Tensor  // [patches, patch values]
        let grid: PatchGrid
        let operations: Double

        init(_ side: Int, _ models: OfficialModels, _ configuration: VisionConfiguration) throws {
            let pixels = ImageProcessor.defaultPixelRange
            let size = try SmartResize(
                height: side, width: side, factor: configuration.patchSize * configuration.mergeSize,
                minimumPixels: pixels.lowerBound, maximumPixels: pixels.upperBound)
            grid = PatchGrid(rows: size.height / configuration.patchSize, columns: size.width / configuration.patchSize)
            patches = try models.input("patches", [grid.count, configuration.patchValues])
            let windows = VisionWindows(
                [grid], window: configuration.windowPatches, merge: configuration.mergeSize)
            operations = VisionOperations(configuration).picture(patches: grid.count, windows: windows.lengths)
        }

        /// The question about the picture, its features being there.
        func prompt(_ features: Tensor, _ language: LanguageModelConfiguration) throws -> ImagePrompt {
            let image = ImageFeatures(tokens: features, grid: grid.merged(language.vision.mergeSize))
            let slots = Array(repeating: language.imageTokenID, count: image.grid.count)
            let half = questionTokens / 2
            return try ImagePrompt(ids: text(half) + slots + text(questionTokens - half), images: [image], language)
        }
    }

    /// Scores of the first token of an answer.
    private static func answer(_ prompt: ImagePrompt, _ model: LanguageModel, _ cache: KeyValueCache) throws -> Tensor {
        let tokens = PackedTokens(try prompt.embeddings(model), lengths: [prompt.ids.count])
        let hidden = try model(tokens, prompt.positions, cache: cache).tokens
        return try model.logits(hidden.narrowed(0, prompt.ids.count - 1..<prompt.ids.count))
    }

    private static var prefill: BenchmarkCase<Model> {
        let side = 512
        return BenchmarkCase("prefill", "features of a picture of \(side)x\(side), \(questionTokens) text tokens") {
            model in
            let (language, models) = (try model.languageModel(), model.models)
            try language.prepareHead()
            let configuration = language.configuration
            let picture = try Picture(side, models, configuration.vision)
            let tokens = picture.grid.merged(configuration.vision.mergeSize).count
            let features = try models.input("features", [tokens, configuration.hiddenSize])
            let prompt = try picture.prompt(features, configuration)
            let operations = LanguageModelOperations(configuration).reading([prompt.ids.count], scored: 1)
            return Measurement(work: .operations(operations, models.peak)) {
                let cache = KeyValueCache(layerCount: configuration.layerCount)
                try answer(prompt, language, cache).requireNumbers("prefill")
            }
        }
    }

    private static var firstToken: BenchmarkCase<Model> {
        let side = 512
        return BenchmarkCase("first-token", "picture of \(side)x\(side), \(questionTokens) text tokens") { model in
            let (tower, language, models) = (try model.tower(), try model.languageModel(), model.models)
            try language.prepareHead()
            let configuration = language.configuration
            let picture = try Picture(side, models, configuration.vision)
            let tokens = picture.grid.merged(configuration.vision.mergeSize).count + questionTokens
            let reading = LanguageModelOperations(configuration).reading([tokens], scored: 1)
            return Measurement(work: .operations(picture.operations + reading, models.peak)) {
                let prompt = try picture.prompt(tower(picture.patches, [picture.grid]), configuration)
                let cache = KeyValueCache(layerCount: configuration.layerCount)
                try answer(prompt, language, cache).requireNumbers("first-token")
            }
        }
    }

    /// One token after the question, scores and all; the cache is as long each time.
    private static var decode: BenchmarkCase<Model> {
        let cached = 364
        return BenchmarkCase("decode", "1 token after \(cached)") { model in
            let (language, models) = (try model.languageModel(), model.models)
            let configuration = language.configuration
            let cache = KeyValueCache(layerCount: configuration.layerCount)
            let prompt = try ImagePrompt(ids: text(cached), images: [], configuration)
            _ = try answer(prompt, language, cache)
            let bytes = LanguageModelOperations(configuration).bytesOfToken(
                cached: cached, models.numbers)
            return Measurement(work: .bytes(bytes), tokens: 1) {
                cache.truncate(to: cached)
                let token = PackedTokens(try language.embed(text(1)), lengths: [1])
                let hidden = try language(token, MultimodalPosition.text(cached..<cached + 1), cache: cache)
                _ = try language.logits(hidden.tokens).floats()
            }
        }
    }

    /// The states of prompt and negative prompt that the diffusion transformer reads.
    private static var textEncode: BenchmarkCase<Model> {
        BenchmarkCase("text-encode", "2 prompts of \(promptTokens) tokens") { model in
            let (language, models) = (try model.languageModel(), model.models)
            let lengths = [promptTokens, promptTokens]
            let ids = lengths.flatMap { text($0) }
            let positions = lengths.flatMap { MultimodalPosition.text(0..<$0) }
            let operations = LanguageModelOperations(language.configuration).reading(lengths, scored: 0)
            return Measurement(work: .operations(operations, models.peak)) {
                let tokens = PackedTokens(try language.embed(ids), lengths: lengths)
                try language(tokens, positions).tokens.requireNumbers("text-encode")
            }
        }
    }
}
