import Diffusion
import Layers
import QwenVL
import Torch

/// What the parts of a model compute with while their weights are rounded. Each part computes once, with all samples
/// together, so that each of its weights sees all that it is rounded for.
@Engine
final class CalibrationSamples {
    let report: (Calibration.Event) -> Void
    private let prompts: [CalibrationPrompt]
    private let pictures: [DrawnPicture]
    private let tokenizer: Tokenizer
    /// What the rounded language model made of the prompts, and of the negative one.
    private var texts: [Tensor] = []
    private var negativeText: Tensor?

    init(
        _ calibration: Calibration, _ model: ModelFolder, _ report: @escaping (Calibration.Event) -> Void
    ) throws {
        let prompts = calibration.prompts.map(CalibrationPrompt.init)
        pictures = try DrawnPicture.draw(model, prompts) { report(.picture($0, of: prompts.count)) }
        FreedMemory.giveBack()
        tokenizer = try model.tokenizer()
        (self.prompts, self.report) = (prompts, report)
    }

    /// Looks at the pictures, reads the prompts, and questions about the pictures.
    func compute(_ languageModel: LanguageModel, _ tower: VisionTower) throws {
        let texts = (prompts + [.negative]).map { $0.ids(tokenizer) }
        var embedded = try texts.map { try languageModel.embed($0) }
        var positions = texts.flatMap { MultimodalPosition.text(0..<$0.count) }
        let question = ChatTemplate.chatPrompt(OmniGen2.defaultQuestion, imageCount: 1)
        for features in try features(tower) {
            let prompt = try ImagePrompt(question, images: [features], tokenizer, languageModel.configuration)
            embedded.append(try prompt.embeddings(languageModel))
            positions += prompt.positions
        }
        let states = try languageModel(PackedTokens(embedded), positions).sequences()
        self.texts = Array(states.prefix(prompts.count))
        negativeText = states[prompts.count]
    }

    /// Features of all pictures, computed together.
    private func features(_ tower: VisionTower) throws -> [ImageFeatures] {
        let patches = try ImageProcessor(tower.configuration, pixelRange: tower.pixelRange)
            .patches(pictures.map(\.image))
        let grids = patches.grids.map { $0.merged(tower.configuration.mergeSize) }
        let tokens = try tower(patches.tensor(), patches.grids).split(grids.map(\.count), 0)
        return zip(tokens, grids).map { ImageFeatures(tokens: $0, grid: $1) }
    }

    /// Predicts velocities as drawing and editing do: with the prompt and the negative one, with and without the finished
    /// picture as a reference, at all times.
    func compute(_ transformer: Transformer) throws {
        guard let negativeText else { return }
        var samples: [Transformer.Sample] = []
        for (index, picture) in pictures.enumerated() {
            let kinds = [texts[index], negativeText].flatMap { text in [[], [picture.latents]].map { (text, $0) } }
            for (kind, (text, references)) in kinds.enumerated() {
                let stage = picture.stages[(index + kind * picture.stages.count / kinds.count) % picture.stages.count]
                samples.append(
                    Transformer.Sample(
                        latent: stage.latents, references: references, text: try fitted(text, transformer, picture),
                        timestep: stage.time))
            }
        }
        _ = try transformer(samples)
    }

    /// As much of a text as has room beside the picture as a reference.
    private func fitted(_ text: Tensor, _ transformer: Transformer, _ picture: DrawnPicture) throws -> Tensor {
        let patch = transformer.configuration.patchSize
        let grid = PatchGrid(rows: picture.latents.size(1) / patch, columns: picture.latents.size(2) / patch)
        let capacity = transformer.positions.textCapacity(before: [grid])
        return try text.narrowed(0, 0..<min(text.size(0), capacity))
    }
}
