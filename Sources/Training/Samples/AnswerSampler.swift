import Imaging
import Layers
import OmniGen2
import QwenVL
import Torch

/// Lets the language model in training answer samples, always by its most probable token.
package struct AnswerSampler: StageSampler {
    private let model: ModelFolder
    private let configuration: LanguageModelConfiguration
    private let options: TrainingOptions
    private let mixture: DataMixture<SampleFile>
    private let device: Device

    package init(
        _ model: ModelFolder, _ options: TrainingOptions, _ mixture: DataMixture<SampleFile>, _ device: Device
    ) throws {
        self.model = model
        configuration = try model.languageModelConfiguration()
        self.options = options
        self.mixture = mixture
        self.device = device
    }

    package func callAsFunction(_ weights: Weights) throws -> [SampleResult] {
        let pictures = PictureReader(options.data, multiple: 1)
        let generator = TextGenerator(
            try LanguageModel(weights, configuration), try model.tokenizer(),
            stopTokens: try model.generationConfiguration().stopTokens)
        let tower = try VisionTower(weights["visual"], configuration.vision, pixelRange: model.pixelRange())
        return try mixture.first(options.samples.count) { ($0, try pictures.inputs($0)) }.map { sample, images in
            let prompt = try ImagePrompt(
                ChatTemplate.chatPrompt(sample.instruction, imageCount: images.count),
                images: images.map { try tower.features($0, device: device) }, generator.tokenizer, configuration)
            let reply = try generator(prompt, state: TextState(configuration), sampling: .greedy)
            return SampleResult(sample, .answer(Self.text(reply, generator.tokenizer)))
        }
    }

    /// The answer, in which the mark of a picture stands as it does in the data: a reply ends before it.
    private static func text(_ reply: GeneratedText, _ tokenizer: Tokenizer) -> String {
        let isPicture = tokenizer.decode(reply.ids).utf8.starts(with: TextGenerator.pictureMark.utf8)
        return isPicture ? TextGenerator.pictureMark : reply.text
    }
}
