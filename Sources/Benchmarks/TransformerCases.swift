import Diffusion
import Layers
import Torch

/// Steps of the diffusion transformer, all guidance branches together.
enum TransformerCases {
    typealias Model = (models: OfficialModels, transformer: Transformer)

    private static let sides = [256, 512, 1024]
    /// Tokens of the prompt, and of the negative prompt.
    private static let textTokens = 64
    private static let steps = 50

    static var all: [BenchmarkCase<Model>] {
        (0...2).flatMap { references in sides.map { step(side: $0, references: references) } }
    }

    static func load(_ numbers: ModelNumbers) throws -> Model {
        let models = try OfficialModels(numbers)
        return (models, try models.transformer())
    }

    /// The first step of a run. What a run does before it, refining the text and tabulating the modulation, is not in it.
    private static func step(side: Int, references: Int) -> BenchmarkCase<Model> {
        let name = references == 0 ? "step-t2i-\(side)" : "step-edit\(references)-\(side)"
        let seen = references == 0 ? "" : ", \(references) of the same size"
        let shape = "\(side)x\(side)\(seen), \(textTokens) text tokens, \(references == 0 ? 2 : 3) branches"
        return BenchmarkCase(name, shape) { model in
            let configuration = model.transformer.configuration
            let (channels, latentSide) = (configuration.inChannels, side / 8)
            let latents = try model.models.input("latents", [1, channels, latentSide, latentSide])
            let state = DenoisingState()
            let schedule = TimeSchedule(steps: steps, latentPixels: latentSide * latentSide)
            let guided = try GuidedTransformer(
                model.transformer, text: model.models.input("text", [textTokens, configuration.textFeatureSize]),
                negativeText: model.models.input("negative text", [textTokens, configuration.textFeatureSize]),
                references: (0..<references).map {
                    try model.models.input("reference \($0)", [channels, latentSide, latentSide])
                },
                latents: latents, timesteps: schedule.timesteps, state: state)
            let guidance = Guidance(textScale: 5, imageScale: references == 0 ? 1 : 2)
            let branches = guidance.branches(step: 0, of: steps)
            let tokens = latentSide * latentSide / (configuration.patchSize * configuration.patchSize)
            let operations = TransformerOperations(configuration).step(
                image: tokens, references: Array(repeating: tokens, count: references),
                branches: branches.map { (textTokens, $0 != .unconditional && references > 0) })
            return Measurement(work: .operations(operations, model.models.peak)) {
                let velocities = try guided(latents, step: 0, of: steps, branches, state)
                try guidance.combine(velocities).requireNumbers(name)
            }
        }
    }
}
