import Diffusion
import Imaging
import Layers
import OmniGen2
import QwenVL
import Torch

/// Draws what samples ask for with the transformer in training, as `generate` and `edit` draw.
///
/// The language model is loaded once, to read the prompts, and let go; the autoencoder is loaded for each drawing.
package final class PictureSampler: StageSampler {
    /// A sample, ready to be drawn.
    private struct Subject {
        let sample: TrainingSample
        let request: GenerationRequest
        let text: Pipeline.TextStates
    }

    private let model: ModelFolder
    private let options: TrainingOptions
    private let mixture: DataMixture<SampleFile>
    private let device: Device
    private var subjects: [Subject]?

    package init(_ model: ModelFolder, _ options: TrainingOptions, _ mixture: DataMixture<SampleFile>, _ device: Device)
    {
        self.model = model
        self.options = options
        self.mixture = mixture
        self.device = device
    }

    package func callAsFunction(_ weights: Weights) throws -> [SampleResult] {
        let subjects = try subjects ?? makeSubjects()
        self.subjects = subjects
        let pipeline = Pipeline(
            promptEncoder: nil, transformer: try Transformer(weights, model.transformerConfiguration()),
            autoencoder: try model.autoencoder(options.dtype, device), shiftsTime: try model.shiftsTime(),
            dtype: options.dtype, device: device)
        return try subjects.flatMap { subject in
            let noise = SeededNoise(seed: subject.request.seed)
            let images = try pipeline(subject.request, noise: noise, text: subject.text) { _ in
                try Task.checkCancellation()
            }
            return images.map { SampleResult(subject.sample, .picture($0)) }
        }
    }

    private func makeSubjects() throws -> [Subject] {
        let multiple = try model.autoencoderConfiguration().scaleFactor * model.transformerConfiguration().patchSize
        let pictures = PictureReader(options.data, multiple: multiple)
        let read = try mixture.first(options.samples.count) { ($0, try request($0, pictures)) }
        let encoder = try model.promptEncoder(options.dtype, device)
        func states(_ text: String, _ request: GenerationRequest) throws -> Tensor {
            try Task.checkCancellation()
            let prompt = ChatTemplate.imagePrompt(text)
            return try encoder(encoder.tokens(prompt, maxTokens: request.maxPromptTokens ?? .max))
        }
        return try read.enumerated().map { index, pair in
            var (sample, request) = pair
            request.seed = options.seed &+ UInt64(index)
            let negative = request.textGuidance > 1 ? try states(request.negativePrompt, request) : nil
            let text = Pipeline.TextStates(positive: try states(request.prompt, request), negative: negative)
            return Subject(sample: sample, request: request, text: text)
        }
    }

    /// A request for a picture of the size that is learnt from the sample.
    ///
    /// - Throws: `SampleError` when the sample cannot be drawn.
    private func request(_ sample: TrainingSample, _ pictures: PictureReader) throws(SampleError) -> GenerationRequest {
        let output = try pictures.output(sample)
        var request = GenerationRequest(prompt: sample.instruction)
        request.references = try pictures.inputs(sample)
        (request.height, request.width) = (output.height, output.width)
        request.alignsToReference = false
        request.maxPixels = ([options.data.maximumOutputPixels] + options.data.maximumInputPixels).max() ?? 0
        request.maxInputSide = options.data.maximumSide
        request.steps = options.samples.steps
        request.textGuidance = options.samples.textGuidance
        request.imageGuidance = options.samples.imageGuidance
        do throws(GenerationError) {
            try request.validate()
        } catch {
            throw SampleError(origin: sample.origin, reason: "\(error)")
        }
        return request
    }
}
