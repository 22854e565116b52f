import Layers
import Torch

/// The transformer over a whole run: what does not change from step to step is computed once, what the guidance
/// branches share once a step, and what is left for all branches in one ragged batch.
///
/// It gives what a plain forward for each branch gives, in exact arithmetic:
/// - text sees no time, so it is refined once;
/// - image tokens see no text while they are refined, and each reference sees only itself. Their branches differ by a
///   constant on the first rotary axis, and rotary attention only sees differences, so all share one refinement;
/// - modulation depends on time alone and is tabulated (`ModulationTable`).
package struct GuidedTransformer {
    private let model: Transformer
    private let grid: PatchGrid
    private let count: Int
    private let modulations: ModulationTable
    private let conditions: [Guidance.Branch: Condition]
    private let references: PackedTokens?
    private let imagePositions: RotaryPositions
    private let referencePositions: RotaryPositions?

    /// What a branch sees besides the picture.
    private struct Condition {
        let text: Tensor  // [L, D], refined
        let seesReferences: Bool
        /// Rows for the joint sequences of all pictures, end to end.
        let positions: RotaryPositions
    }

    /// - Parameters:
    ///   - text: features of the prompt, [L, text features].
    ///   - negativeText: features of the negative prompt; `nil` when no step is guided.
    ///   - references: latents [C, H, W].
    ///   - latents: the noise the pictures start from, [B, C, H, W].
    ///   - timesteps: of each step, 0...1.
    ///   - state: where forwards are counted.
    package init(
        _ model: Transformer, text: Tensor, negativeText: Tensor?, references: [Tensor], latents: Tensor,
        timesteps: [Float], state: DenoisingState
    ) throws {
        self.model = model
        let patch = model.configuration.patchSize
        // Checks sizes and the number of references.
        let sample = Transformer.Sample(
            latent: try latents.selected(0, 0), references: references, text: text, timestep: 0)
        let plan = try SequencePlan([sample], patch)
        let table = try model.positions.table(plan.places, device: model.imageIndexEmbedding.device)
        let images = latents.size(0)
        (grid, count) = (plan.grids[0], images)
        modulations = try ModulationTable(model, timesteps: timesteps)
        self.references = references.isEmpty ? nil : try PackedTokens(model.embedReferences(references))
        referencePositions = references.isEmpty ? nil : try plan.positions(plan.referenceRanges[0], of: table)
        imagePositions = try plan.positions(Array(repeating: plan.imageRanges[0], count: images), of: table)

        let referenceGrids = try references.map { try Patches.grid($0, patch) }
        func condition(_ features: Tensor, _ refined: Tensor, sees: Bool) throws -> Condition {
            let places = AxialPositions.places(
                textLength: features.size(0), references: sees ? referenceGrids : [], image: plan.grids[0])
            let rows = try model.positions.table(places, device: refined.device)
            return Condition(
                text: refined, seesReferences: sees,
                positions: try RotaryPositions.concatenated(Array(repeating: rows, count: images)))
        }
        let refined = try Self.refine([text] + (negativeText.map { [$0] } ?? []), model, state)
        var conditions = [Guidance.Branch.conditional: try condition(text, refined[0], sees: !references.isEmpty)]
        if let negativeText {
            conditions[.reference] = try condition(negativeText, refined[1], sees: !references.isEmpty)
            conditions[.unconditional] = try condition(negativeText, refined[1], sees: false)
        }
        self.conditions = conditions
    }

    /// Refines texts as one packed batch; text stands at the start of the rotary table.
    private static func refine(
        _ texts: [Tensor], _ model: Transformer, _ state: DenoisingState
    ) throws -> [Tensor] {
        let device = model.imageIndexEmbedding.device
        let positions = try RotaryPositions.concatenated(
            texts.map { text in try model.positions.table((0..<text.size(0)).map { ($0, $0, $0) }, device: device) })
        state.forwards.ran(model.contextRefiner.count * texts.count)
        return try model.refineText(texts, positions).sequences()
    }

    /// The velocities of each branch, [B, C, H, W].
    package func callAsFunction(
        _ latents: Tensor, step: Int, of steps: Int, _ branches: [Guidance.Branch], _ state: DenoisingState
    ) throws -> [Tensor] {
        let active = branches.compactMap { branch in
            conditions[branch].map { (branch: branch, condition: $0, cache: state.cache(branch)) }
        }
        for item in active { state.forwards.planned(plainForwards(item.condition)) }
        let modulation = try modulations.step(step)
        let cachedStep = CachedStep(index: step, count: steps)
        // 1. What caches know before anything is computed.
        var outputs = try active.map { try $0.cache?.forecast(cachedStep) }
        let open = active.indices.filter { outputs[$0] == nil }
        // 2. The shared parts, and the sequences of the branches that are left.
        let inputs = open.isEmpty ? [:] : try joint(latents, open.map { ($0, active[$0].condition) }, modulation, state)
        // 3. What caches know from those.
        for index in open {
            guard let input = inputs[index], model.layers.count > 0 else { continue }
            outputs[index] = try active[index].cache?.reuse(cachedStep, input.tokens) {
                try model.layers.blocks.withFirst { try $0.modulatedInput(input, modulation.layers[0]) } ?? input.tokens
            }
        }
        // 4. The layers, for the rest.
        let running = open.filter { outputs[$0] == nil }
        state.computed = Set(running.map { active[$0].branch })
        let computed = try layers(
            running.compactMap { inputs[$0] }, running.map { active[$0].condition.positions }, modulation, state)
        for (index, output) in zip(running, computed) {
            if let input = inputs[index] { try active[index].cache?.record(cachedStep, input.tokens, output) }
            outputs[index] = output
        }
        // 5. Image tokens to velocities.
        return try zip(active, outputs).map { try velocities($0.condition, $1, modulation) }
    }

    /// Length of a branch's joint sequence.
    private func length(_ condition: Condition) -> Int { condition.positions.cosine.size(0) / count }

    /// The joint sequences of branches, by the branches' keys.
    private func joint(
        _ latents: Tensor, _ branches: [(key: Int, condition: Condition)], _ modulation: ModulationTable.Step,
        _ state: DenoisingState
    ) throws -> [Int: PackedTokens] {
        var noise = try model.embedNoise((0..<count).map { try latents.selected(0, $0) })
        noise = try model.noiseRefiner(noise, imagePositions, modulation.noiseRefiner)
        state.forwards.ran(model.noiseRefiner.count * count)
        let references =
            try branches.contains { $0.condition.seesReferences } ? refinedReferences(modulation, state) : []
        let images = try noise.sequences()
        return try Dictionary(
            uniqueKeysWithValues: branches.map { key, condition in
                let parts = images.flatMap { [condition.text] + (condition.seesReferences ? references : []) + [$0] }
                let lengths = Array(repeating: length(condition), count: count)
                return (key, PackedTokens(try Tensor.concatenated(parts, 0), lengths: lengths))
            })
    }

    private func refinedReferences(_ modulation: ModulationTable.Step, _ state: DenoisingState) throws -> [Tensor] {
        guard let references, let referencePositions else { return [] }
        state.forwards.ran(model.referenceRefiner.count * references.lengths.count)
        return try model.referenceRefiner(references, referencePositions, modulation.referenceRefiner).sequences()
    }

    /// The layers' outputs of several branches, run as one batch.
    private func layers(
        _ inputs: [PackedTokens], _ positions: [RotaryPositions], _ modulation: ModulationTable.Step,
        _ state: DenoisingState
    ) throws -> [Tensor] {
        guard !inputs.isEmpty else { return [] }
        var x = PackedTokens(
            try Tensor.concatenated(inputs.map(\.tokens), 0), lengths: inputs.flatMap(\.lengths))
        let table = try RotaryPositions.concatenated(positions)
        x = try model.layers(consume x, table, modulation.layers)
        state.forwards.ran(model.layers.count * x.lengths.count)
        return try PackedTokens(x.tokens, lengths: inputs.map { $0.tokens.size(0) }).sequences()
    }

    /// The image tokens at the end of each of a branch's sequences, as [B, C, H, W].
    private func velocities(
        _ condition: Condition, _ output: Tensor?, _ modulation: ModulationTable.Step
    ) throws -> Tensor {
        guard let output else { throw ConfigurationError("the transformer has no layers") }
        let length = length(condition)
        let images = try (0..<count).map { index in
            try output.narrowed(0, (index + 1) * length - grid.count..<(index + 1) * length)
        }
        let tokens = try model.output(PackedTokens(images), scale: modulation.outputScale).sequences()
        return try Tensor.stacked(tokens.map { try Patches.join($0, model.configuration.patchSize, grid) })
    }

    /// Block forwards of the original for a branch and a step.
    private func plainForwards(_ condition: Condition) -> Int {
        let references = condition.seesReferences ? (references?.lengths.count ?? 0) : 0
        let refined = model.contextRefiner.count + model.noiseRefiner.count + references * model.referenceRefiner.count
        return count * (refined + model.layers.count)
    }
}
