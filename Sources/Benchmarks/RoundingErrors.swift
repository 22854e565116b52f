import Diffusion
import Layers
import OmniGen2
import QwenVL
import Torch

/// What rounded weights do to models of the published size, with random weights: to the change that each block makes of
/// one input, and to what comes out at the end. Random weights have no outliers; how those are met is in the tests.
enum RoundingErrors {
    private static let side = 256
    private static let textTokens = 64
    private static let time: Float = 0.5

    /// What is compared.
    private enum Quantity: String, CaseIterable {
        case blocks, velocity, states, scores

        var shape: String {
            switch self {
            case .blocks: "change that a block of the transformer makes, median and worst"
            case .velocity: "\(side)x\(side), \(textTokens) text tokens"
            case .states: "last hidden states of \(textTokens) tokens"
            case .scores: "scores of the next token, from the states of bf16"
            }
        }
    }

    static var names: [String] {
        OmniGen2.Quantization.allCases.flatMap { rounding in Quantity.allCases.map { name($0, rounding) } }
    }

    private static func name(_ quantity: Quantity, _ rounding: OmniGen2.Quantization) -> String {
        "\(rounding.rawValue)-\(quantity.rawValue)"
    }

    /// One model in memory at a time.
    @Engine
    static func measure(
        _ filter: NameFilter, progress: (String) -> Void, report: (BenchmarkResult) -> Void
    ) throws {
        func measured<Exact>(
            _ exact: (OfficialModels) throws -> Exact,
            _ compare: (OfficialModels, Exact) throws -> [(Quantity, [Double])]
        ) throws {
            progress("rounding: bf16")
            let reference = try exact(OfficialModels(ModelNumbers()))
            for rounding in OmniGen2.Quantization.allCases {
                try Task.checkCancellation()
                progress("rounding: \(rounding.rawValue)")
                var numbers = ModelNumbers()
                numbers.quantization = rounding
                for (quantity, errors) in try compare(OfficialModels(numbers), reference)
                where filter.accepts(name(quantity, rounding)) {
                    var result = BenchmarkResult(
                        name: name(quantity, rounding), shape: quantity.shape,
                        peakRSS: ProcessMemory.highWaterMark())
                    (result.error, result.worstError) = (errors.median, errors.max())
                    report(result)
                }
            }
        }
        try measured({ try Denoising($0.transformer(), $0) }) { models, reference in
            try reference.errors(of: models.transformer(), models)
        }
        try measured({ try Reading($0.languageModel(), $0) }) { models, reference in
            try reference.errors(of: models.languageModel(), models)
        }
    }

    /// The difference as a share of `scale`, both by their Euclidean lengths.
    private static func error(_ a: Tensor, _ b: Tensor, of scale: Tensor) throws -> Double {
        func length(_ x: Tensor) throws -> Double {
            let wide = try x.to(.float32)
            return Double(try (wide * wide).sum().floats()[0]).squareRoot()
        }
        return try length(a.to(.float32) - b.to(.float32)) / length(scale)
    }

    /// A step of the transformer, with the input of each block.
    private struct Denoising {
        let inputs: [PackedTokens]
        let last: PackedTokens
        let velocity: Tensor

        init(_ model: Transformer, _ models: OfficialModels) throws {
            let sample = try Self.sample(model, models)
            let (plan, table, modulation) = try Self.conditions(model, sample)
            let text = try model.refineText([sample.text], plan, table)
            let time = try model.timeCaption.time(plan.timesteps)
            var x = try plan.join(text, nil, model.refineNoise([sample.latent], plan, table, time))
            var inputs: [PackedTokens] = []
            try model.layers.blocks.forEach { index, block in
                inputs.append(x)
                x = try block(x, table, modulation[index])
            }
            (self.inputs, last, velocity) = (inputs, x, try model([sample])[0])
        }

        private static func sample(_ model: Transformer, _ models: OfficialModels) throws -> Transformer.Sample {
            let configuration = model.configuration
            return Transformer.Sample(
                latent: try models.input("latent", [configuration.inChannels, side / 8, side / 8]),
                text: try models.input("text", [textTokens, configuration.textFeatureSize]),
                timestep: RoundingErrors.time)
        }

        private static func conditions(
            _ model: Transformer, _ sample: Transformer.Sample
        ) throws -> (SequencePlan, RotaryPositions, [Modulation]) {
            let plan = try SequencePlan([sample], model.configuration.patchSize)
            let table = try model.positions.table(plan.places, device: .cpu)
            return (plan, table, try model.layers.modulate(model.timeCaption.time(plan.timesteps)))
        }

        func errors(of model: Transformer, _ models: OfficialModels) throws -> [(Quantity, [Double])] {
            let sample = try Self.sample(model, models)
            let (_, table, modulation) = try Self.conditions(model, sample)
            var errors: [Double] = []
            try model.layers.blocks.forEach { index, block in
                let (input, expected) = (inputs[index], index + 1 < inputs.count ? inputs[index + 1] : last)
                let got = try block(input, table, modulation[index])
                let change = try expected.tokens.to(.float32) - input.tokens.to(.float32)
                errors.append(try error(got.tokens, expected.tokens, of: change))
            }
            return [(.blocks, errors), (.velocity, [try error(model([sample])[0], velocity, of: velocity)])]
        }
    }

    /// A text in the language model.
    private struct Reading {
        let states, scores: Tensor

        init(_ model: LanguageModel, _ models: OfficialModels) throws {
            states = try Self.states(model)
            scores = try model.logits(states)
        }

        private static func states(_ model: LanguageModel) throws -> Tensor {
            let tokens = PackedTokens(try model.embed((0..<textTokens).map { 1000 + 7 * $0 }), lengths: [textTokens])
            return try model(tokens, MultimodalPosition.text(0..<textTokens)).tokens
        }

        func errors(of model: LanguageModel, _ models: OfficialModels) throws -> [(Quantity, [Double])] {
            [
                (.states, [try error(Self.states(model), states, of: states)]),
                (.scores, [try error(model.logits(states), scores, of: scores)]),
            ]
        }
    }
}
