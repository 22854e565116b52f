import Diffusion
import Layers
import QwenVL
import Torch

/// The parts of a model, each loaded when it is first used, which only the engine touches.
@Engine
final class Resident {
    let folder: ModelFolder
    let dtype: DType
    let device: Device
    private var loadedEncoder: PromptEncoder?
    private var loadedPipeline: Pipeline?
    private var loadedTower: VisionTower?
    private var loadedTransformerSource: ResidentSource?
    private var adapters = AdapterSet()

    init(_ folder: ModelFolder, _ dtype: DType, _ device: Device) {
        self.folder = folder
        self.dtype = dtype
        self.device = device
    }

    /// Tokenizer and language model, which pictures and text share.
    func promptEncoder() throws -> PromptEncoder {
        try kept(&loadedEncoder, folder.promptEncoder(dtype, device))
    }

    func pipeline() throws -> Pipeline {
        try kept(
            &loadedPipeline,
            folder.pipeline(dtype, device, promptEncoder: promptEncoder(), transformer: transformer(adapters)))
    }

    /// What adapters are matched with.
    func transformerShapes() throws -> ShapeSource {
        ShapeSource(try folder.footprint(.transformer, dtype, device).shapes, origin: folder.path)
    }

    /// The transformer's tensors, which stay when its adapters change.
    private func transformerSource() throws -> ResidentSource {
        try kept(&loadedTransformerSource, folder.transformerSource(dtype, device))
    }

    private func transformer(_ adapters: AdapterSet) throws -> Transformer {
        try folder.transformer(transformerSource(), dtype, device, adapters: adapters)
    }

    /// Draws with other adapters from now on; when that fails, those of before stay.
    func adapt(_ adapters: AdapterSet) throws {
        if let pipeline = loadedPipeline { loadedPipeline = pipeline.with(try transformer(adapters)) }
        self.adapters = adapters
    }

    func visionTower() throws -> VisionTower { try kept(&loadedTower, folder.visionTower(dtype, device)) }

    /// What makes text, and how the checkpoint wants it drawn.
    func textGenerator() throws -> (TextGenerator, TextSampling) {
        let configuration = try folder.generationConfiguration()
        let encoder = try promptEncoder()
        let generator = TextGenerator(encoder.languageModel, encoder.tokenizer, stopTokens: configuration.stopTokens)
        return (generator, configuration.sampling)
    }

    private func kept<Part>(_ part: inout Part?, _ load: @autoclosure () throws -> Part) rethrows -> Part {
        if let part { return part }
        let loaded = try load()
        part = loaded
        return loaded
    }
}
