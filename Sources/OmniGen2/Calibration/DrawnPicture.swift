import Diffusion
import Imaging
import Layers
import QwenVL
import Torch

/// A picture that a model has drawn, and what it passed through on the way.
struct DrawnPicture {
    let image: Image
    /// The latents before each step, [C, H, W], and their times.
    let stages: [(latents: Tensor, time: Float)]
    /// What became of them.
    let latents: Tensor

    private static let steps = 8
    /// A larger picture has more tokens, but not others.
    private static let largestSide = 256

    /// Draws a picture for each text with the model as it is. Cancelling the task stops before the next block of a model.
    ///
    /// - Parameter drawn: is told how many there are.
    @Engine
    static func draw(
        _ model: ModelFolder, _ prompts: [CalibrationPrompt], drawn: (Int) -> Void
    ) throws -> [DrawnPicture] {
        let texts = try states(model, prompts)
        let (dtype, device) = (DType.bfloat16, Device.cpu)
        let pipeline = Pipeline(
            promptEncoder: nil, transformer: try model.transformer(dtype, device),
            autoencoder: try model.autoencoder(dtype, device), shiftsTime: try model.shiftsTime(), dtype: dtype,
            device: device)
        let side = min(try model.pictureSide(), largestSide)
        return try texts.enumerated().map { index, text in
            var request = GenerationRequest(prompt: prompts[index].text)
            (request.width, request.height, request.steps) = (side, side, steps)
            let picture = try DrawnPicture(pipeline, request, SeededNoise(seed: UInt64(index)), text)
            drawn(index + 1)
            return picture
        }
    }

    /// The states of the prompts; the language model is not kept.
    @Engine
    private static func states(
        _ model: ModelFolder, _ prompts: [CalibrationPrompt]
    ) throws -> [Pipeline.TextStates] {
        let encoder = try model.promptEncoder(.bfloat16, .cpu)
        let negative = try encoder(CalibrationPrompt.negative.ids(encoder.tokenizer))
        return try prompts.map { prompt in
            try Task.checkCancellation()
            return Pipeline.TextStates(positive: try encoder(prompt.ids(encoder.tokenizer)), negative: negative)
        }
    }

    @Engine
    private init(
        _ pipeline: Pipeline, _ request: GenerationRequest, _ noise: SeededNoise, _ text: Pipeline.TextStates
    ) throws {
        var (passed, times): ([Tensor], [Float]) = ([], [])
        let images = try pipeline(request, noise: noise, text: text) { event in
            try Task.checkCancellation()
            switch event {
            case .initialLatents(let latents), .latents(_, let latents): passed.append(try latents.selected(0, 0))
            case .schedule(let schedule): times = schedule.timesteps
            default: break
            }
        }
        guard let last = passed.popLast() else { throw GenerationError.invalid("a picture takes at least one step") }
        (image, latents, stages) = (images[0], last, Array(zip(passed, times)))
    }
}
