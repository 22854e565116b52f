import Imaging
import Layers
import OmniGen2
import QwenVL
import Torch

/// Trains language model and vision tower: to answer about pictures, to say when a picture is asked for, and, if wanted,
/// to know instructions by heart, whose states the transformer reads.
package struct LanguageModelStage: TrainingStage {
    package struct Options: Equatable, Sendable {
        /// What a token of an instruction counts, where one of an answer counts 1.
        package var instructionWeight = 0.0

        package init() {}
    }

    package typealias File = SampleFile

    package let loss: LanguageModelLoss
    private let model: ModelFolder
    private let tokenizer: Tokenizer
    private let processor: ImageProcessor
    private let pictures: PictureReader
    private let options: TrainingOptions
    private let device: Device

    package init(_ model: ModelFolder, _ options: TrainingOptions, _ device: Device) throws {
        self.model = model
        self.options = options
        self.device = device
        tokenizer = try model.tokenizer()
        let configuration = try model.languageModelConfiguration()
        loss = LanguageModelLoss(configuration)
        processor = try ImageProcessor(configuration.vision, pixelRange: model.pixelRange())
        pictures = PictureReader(options.data, multiple: 1)
    }

    package var part: ModelFolder.Part { .mllm }

    package func build(_ weights: Weights) throws {
        _ = try LanguageModel(weights, loss.configuration)
        _ = try VisionTower(weights["visual"], loss.configuration.vision)
    }

    package func items(_ sample: TrainingSample, _ generators: Generators) throws -> [LanguageModelLoss.Sample] {
        let answered = try answer(sample)
        guard sample.outputImage != nil, options.languageModel.instructionWeight > 0 else { return [answered] }
        return [answered, instruction(sample)]
    }

    /// How many samples the statistics of the pictures are taken from.
    private static let measuredSamples = 2048

    package func start(
        _ source: any WeightSource, _ items: (Int) throws -> [LanguageModelLoss.Sample]
    ) throws -> any WeightSource {
        guard options.whitensPictures else { return source }
        return try PictureWhitening(of: source, loss.configuration, items(Self.measuredSamples))
            .replacing(in: source)
    }

    /// Sequences of one length stand together, where attention takes them in one call.
    package func arranged(_ batch: [LanguageModelLoss.Sample]) -> [LanguageModelLoss.Sample] {
        batch.sorted { $0.ids.count < $1.ids.count }
    }

    package func configurationDocument(_ weights: Weights) throws -> JSONValue {
        try model.configurationDocument(part)
    }

    /// A turn of the chat pipeline: pictures, instruction, and the answer to be learnt, which is the mark of a picture where
    /// one is to be drawn.
    ///
    /// - Throws: `SampleError` for pictures and words that the model cannot read.
    private func answer(_ sample: TrainingSample) throws -> LanguageModelLoss.Sample {
        do {
            return try read(sample)
        } catch let error where error is SmartResizeError || error is LanguageModelError || error is ChatTemplateError {
            throw SampleError(origin: sample.origin, reason: "\(error)")
        }
    }

    private func read(_ sample: TrainingSample) throws -> LanguageModelLoss.Sample {
        let patches = try processor.patches(pictures.inputs(sample))
        let merged = patches.grids.map { $0.merged(loss.configuration.vision.mergeSize) }
        let prompt = ChatTemplate.chatPrompt(sample.instruction, imageCount: patches.grids.count)
        let asked = tokenizer.encode(
            try ChatTemplate.expandImagePads(in: prompt, tokensPerImage: merged.map(\.count)))
        let answered = tokenizer.encode((sample.outputText ?? TextGenerator.pictureMark) + ChatTemplate.replyEnd)
        try requireFit(asked.count + answered.count, sample)
        return LanguageModelLoss.Sample(
            ids: asked + answered,
            weights: Array(repeating: 0, count: asked.count) + Array(repeating: 1, count: answered.count),
            patches: patches.grids.isEmpty ? nil : try patches.tensor().to(device), grids: patches.grids)
    }

    /// The prompt that the transformer reads the states of.
    private func instruction(_ sample: TrainingSample) -> LanguageModelLoss.Sample {
        let ids = tokenizer.encode(ChatTemplate.trainingPrompt(sample.instruction))
            .prefix(options.data.maximumTextTokens)
        let weight = Float(options.languageModel.instructionWeight)
        return LanguageModelLoss.Sample(ids: Array(ids), weights: Array(repeating: weight, count: ids.count))
    }

    private func requireFit(_ count: Int, _ sample: TrainingSample) throws {
        let limit = loss.configuration.maximumTokens
        guard count <= limit else {
            throw SampleError(
                origin: sample.origin, reason: "has \(count) tokens with its pictures, the model takes \(limit)")
        }
    }
}
