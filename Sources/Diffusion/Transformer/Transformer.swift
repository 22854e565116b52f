import Layers
import Torch

/// The diffusion transformer: predicts the velocity from noise to image.
///
/// Legend: T tokens of a batch, D hidden size, C latent channels, H and W sides of a latent.
/// Source: `OmniGen2Transformer2DModel` of `omnigen2/models/transformers/transformer_omnigen2.py`.
package struct Transformer {
    package let configuration: TransformerConfiguration
    package let imageEmbedder, referenceEmbedder: Linear
    package let timeCaption: TimestepCaptionEmbedding
    package let noiseRefiner, referenceRefiner, contextRefiner, layers: TransformerStack
    package let imageIndexEmbedding: Tensor  // [5, D]
    package let output: OutputProjection
    package let positions: AxialPositions

    package init(_ w: Weights, _ configuration: TransformerConfiguration) throws {
        self.configuration = configuration
        let hidden = configuration.hiddenSize
        imageEmbedder = try Linear(w["x_embedder"], configuration.patchChannels, hidden, leastBits: 16)
        referenceEmbedder = try Linear(
            w["ref_image_patch_embedder"], configuration.patchChannels, hidden, leastBits: 16)
        timeCaption = try TimestepCaptionEmbedding(w["time_caption_embed"], configuration)
        let refinerLayers = configuration.refinerLayerCount
        noiseRefiner = try TransformerStack(w["noise_refiner"], refinerLayers, configuration)
        referenceRefiner = try TransformerStack(w["ref_image_refiner"], refinerLayers, configuration)
        contextRefiner = try TransformerStack(w["context_refiner"], refinerLayers, configuration, isModulated: false)
        layers = try TransformerStack(w["layers"], configuration.layerCount, configuration)
        imageIndexEmbedding = try w.tensor(
            "image_index_embedding", TransformerConfiguration.maximumReferences, hidden, initial: .normal(0.02))
        output = try OutputProjection(w["norm_out"], configuration)
        positions = AxialPositions(dimensions: configuration.axesDimensions, lengths: configuration.axesLengths)
    }

    /// One item of a batch; items may differ in every size.
    package struct Sample {
        package let latent: Tensor  // [C, H, W]
        package let references: [Tensor]  // each [C, H, W]
        package let text: Tensor  // [L, text features]
        /// 0 is noise, 1 is the image.
        package let timestep: Float

        package init(latent: Tensor, references: [Tensor] = [], text: Tensor, timestep: Float) {
            self.latent = latent
            self.references = references
            self.text = text
            self.timestep = timestep
        }
    }

    /// The velocity of each sample, [C, H, W].
    package func callAsFunction(
        _ samples: [Sample], execution: any BlockExecution = DirectExecution()
    ) throws -> [Tensor] {
        let plan = try SequencePlan(samples, configuration.patchSize)
        let table = try positions.table(plan.places, device: imageIndexEmbedding.device)
        let time = try execution.share(timeCaption.time(plan.timesteps))

        let text = try refineText(samples.map(\.text), plan, table)
        let noise = try refineNoise(samples.map(\.latent), plan, table, time)
        let references = try refineReferences(samples.map(\.references), plan, table, time)

        var joint = try plan.join(text, references, noise)
        joint = joint.replacing(try execution.share(joint.tokens))
        joint = try layers(joint, table, time: time, rows: plan.timeRows, execution)

        let images = try plan.images(of: joint)
        let velocities = try output(images, time, rows: plan.timeRows).sequences()
        return try zip(velocities, plan.grids).map { try Patches.join($0, configuration.patchSize, $1) }
    }

    /// Text features to context tokens.
    package func refineText(_ texts: [Tensor], _ plan: SequencePlan, _ table: RotaryPositions) throws -> PackedTokens {
        try refineText(texts, plan.positions(plan.textRanges, of: table))
    }

    /// The same with the rows of the table that belong to the texts.
    func refineText(_ texts: [Tensor], _ positions: RotaryPositions) throws -> PackedTokens {
        let x = try PackedTokens(texts)
        return try contextRefiner(x.replacing(timeCaption.text(x.tokens)), positions)
    }

    /// Noisy latents to image tokens.
    package func refineNoise(
        _ latents: [Tensor], _ plan: SequencePlan, _ table: RotaryPositions, _ time: Tensor
    ) throws -> PackedTokens {
        let positions = try plan.positions(plan.imageRanges, of: table)
        return try noiseRefiner(
            embedNoise(latents), positions, time: time, rows: plan.timeRows, DirectExecution())
    }

    /// Noisy latents [C, H, W] to patches of the hidden size.
    func embedNoise(_ latents: [Tensor]) throws -> PackedTokens {
        let x = try PackedTokens(latents.map { try Patches.cut($0, configuration.patchSize) })
        return x.replacing(try imageEmbedder(x.tokens))
    }

    /// Reference latents to tokens, each reference by itself; `nil` when there are none.
    package func refineReferences(
        _ references: [[Tensor]], _ plan: SequencePlan, _ table: RotaryPositions, _ time: Tensor
    ) throws -> PackedTokens? {
        guard plan.hasReferences else { return nil }
        let positions = try plan.positions(plan.referenceRanges.flatMap { $0 }, of: table)
        return try referenceRefiner(
            PackedTokens(references.flatMap(embedReferences)), positions, time: time, rows: plan.referenceTimeRows,
            DirectExecution())
    }

    /// The references of one sample, each [C, H, W], to patches of the hidden size, marked with their place in line.
    func embedReferences(_ latents: [Tensor]) throws -> [Tensor] {
        try latents.enumerated().map { index, latent in
            try referenceEmbedder(Patches.cut(latent, configuration.patchSize))
                + imageIndexEmbedding.narrowed(0, index..<index + 1)
        }
    }
}

/// Norm, scale by the timestep, and projection of tokens back to patches.
///
/// Source: `LuminaLayerNormContinuous` of `omnigen2/models/transformers/block_lumina2.py`.
package struct OutputProjection {
    private let scaling, projection: Linear
    private static let epsilon = 1e-6

    init(_ w: Weights, _ configuration: TransformerConfiguration) throws {
        let patch = configuration.patchSize * configuration.patchSize * configuration.outChannels
        scaling = try Linear(
            w["linear_1"], configuration.timeSize, configuration.hiddenSize, leastBits: 16, initial: .zeros)
        projection = try Linear(w["linear_2"], configuration.hiddenSize, patch, leastBits: 16, initial: .zeros)
    }

    /// What the times [R, timeSize] scale the normed tokens by, [R, D].
    func scale(_ time: Tensor) throws -> Tensor { try scaling(time.silu()) }

    package func callAsFunction(_ x: PackedTokens, _ time: Tensor, rows: [Int]) throws -> PackedTokens {
        try self(x, scale: scale(time), rows: rows)
    }

    /// The same with a scale [R, D] that is there already.
    func callAsFunction(_ x: PackedTokens, scale: Tensor, rows: [Int] = []) throws -> PackedTokens {
        let scale = try PerSequence(scale, rows: rows).spread(over: x.lengths)
        let normed = try x.tokens.layerNorm(nil, nil, epsilon: Self.epsilon)
        return x.replacing(try projection(normed * (scale + 1)))
    }
}
