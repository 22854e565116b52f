import OmniGen2
import ShapesWorld

/// Has a model do what examples ask for, and has it judged.
struct ModelPlayer {
    private let model: OmniGen2
    private let settings: DrawingSettings

    init(_ model: String, _ settings: DrawingSettings) async throws {
        self.settings = settings
        var configuration = OmniGen2.Configuration()
        configuration.precision = settings.precision
        configuration.quantization = settings.quantize
        configuration.threads = settings.threads
        self.model = try await OmniGen2(model: model, configuration: configuration)
    }

    /// - Parameter seed: of the noise that the picture is drawn from.
    func play(_ example: Example, seed: UInt64, _ folder: CaseFolder) async throws -> Judgement {
        let judgement = try await judged(example, seed, folder)
        try folder.save(judgement)
        return judgement
    }

    private func judged(_ example: Example, _ seed: UInt64, _ folder: CaseFolder) async throws -> Judgement {
        let inputs = try example.inputs.map { try $0.rendered() }
        if example.task == .describe {
            let reply = try await model.describe(inputs, question: example.instruction)
            try folder.save(answer: reply.text)
            return Judge.judge(reply.text, example)
        }
        var request = GenerationRequest(prompt: example.instruction)
        settings.apply(to: &request)
        (request.width, request.height) = (Picture.side, Picture.side)
        request.references = inputs
        request.seed = seed
        let pictures = try await model.generate(request)
        try folder.save(pictures[0])
        return Judge.judge(pictures[0], example)
    }
}
