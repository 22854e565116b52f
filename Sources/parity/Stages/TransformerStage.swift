import Diffusion
import Layers
import OmniGen2
import Torch

extension Stage {
    /// Single blocks and their parts.
    static let block = Stage(name: "block", files: ["block.safetensors"]) { goldens in
        let file = "block.safetensors"
        let model = try goldens.transformer()
        let mask = try goldens.input(file, "mask")
        let lengths = try (0..<mask.size(0)).map { try mask.selected(0, $0).to(.int64).ints().reduce(0, +) }
        func rows(_ name: String) throws -> PackedTokens {
            let tensor = try goldens.input(file, name)
            return try PackedTokens(lengths.enumerated().map { try tensor.selected(0, $0).narrowed(0, 0..<$1) })
        }
        let x = try rows("x")
        let rotation = try rows("rot").tokens  // [T, D/2, 2]
        let positions = RotaryPositions(
            cosine: try rotation.selected(2, 0).to(.float32), sine: try rotation.selected(2, 1).to(.float32))
        let time = try goldens.input(file, "temb")
        let timeRows = Array(lengths.indices)

        // The record's block is the second of the stack, or the only one.
        guard let layer = model.layers.blocks.resident?.prefix(2).last,
            let modulation = try model.layers.modulate(time).prefix(2).last,
            let refiner = model.contextRefiner.blocks.resident?.first
        else {
            throw ParityError("the checkpoint's transformer has no blocks")
        }
        try goldens.check(
            file, "modulated", rows: layer(x, positions, modulation, rows: timeRows).sequences())
        try goldens.check(file, "unmodulated", rows: refiner(x, positions).sequences())
        try checkParts(goldens, file, layer, x, positions, modulation)
        try goldens.check(file, "norm_out", rows: whole(goldens, file, model, time))
        try checkEmbeddings(goldens, file, model)
    }

    private static func checkParts(
        _ goldens: Goldens, _ file: String, _ layer: TransformerBlock, _ x: PackedTokens,
        _ positions: RotaryPositions, _ modulation: Modulation
    ) throws {
        let full = try goldens.input(file, "x")  // [B, L, D]
        let normed = try layer.attentionNorm(full) * (modulation.attentionScale.unsqueezed(1) + 1)
        try goldens.check(file, "l1.norm1", normed)
        try goldens.check(file, "l1.gate_msa", modulation.attentionGate)
        try goldens.check(file, "l1.scale_mlp", modulation.feedForwardScale)
        try goldens.check(file, "l1.gate_mlp", modulation.feedForwardGate)
        let packed = try PackedTokens(x.lengths.enumerated().map { try normed.selected(0, $0).narrowed(0, 0..<$1) })
        let attended = try layer.attention(packed, positions)
        try goldens.check(file, "l1.attn", rows: x.replacing(attended).sequences())
        try goldens.check(file, "l1.ffn", layer.feedForward(full))
    }

    /// The output projection of every row, padding included.
    private static func whole(
        _ goldens: Goldens, _ file: String, _ model: Transformer, _ time: Tensor
    ) throws -> [Tensor] {
        let full = try goldens.input(file, "x")
        let (b, l, d) = (full.size(0), full.size(1), full.size(2))
        let packed = PackedTokens(try full.reshaped(b * l, d), lengths: Array(repeating: l, count: b))
        return try model.output(packed, time, rows: Array(0..<b)).sequences()
    }

    private static func checkEmbeddings(_ goldens: Goldens, _ file: String, _ model: Transformer) throws {
        let projected = times(goldens.how(file, "time_proj"))
        try goldens.check(file, "time_proj", model.timeCaption.sinusoids(projected))
        let embedded = times(goldens.how(file, "time_embed"))
        try goldens.check(file, "time_embed", model.timeCaption.time(embedded))
        try goldens.check(file, "caption_embed", model.timeCaption.text(goldens.input(file, "caption_in")))
    }

    /// The numbers of "... of t = 0, 0.3137, 0.75, 1 (scale ...".
    private static func times(_ how: String) -> [Float] {
        guard let range = how.firstRange(of: "t = ") else { return [] }
        return how[range.upperBound...].prefix { $0.isNumber || ",. e-".contains($0) }
            .split { $0 == "," || $0 == " " }.compactMap { Float($0) }
    }

    /// Whole forwards, with references, in ragged batches, and what lies between.
    static let transformer = Stage(name: "dit", files: ["dit.safetensors", "dit_cases.json"]) { goldens in
        let file = "dit.safetensors"
        let model = try goldens.transformer()
        let settings = try goldens.json("dit_cases.json")
        for name in goldens.cases(file) {
            let samples = try Self.samples(goldens, file, name)
            let described = settings[name]
            let agrees =
                described?["text"]?.ints == samples.map { $0.text.size(0) }
                && described?["imgs"]?.array?.compactMap(\.ints) == samples.map { Array($0.latent.shape.suffix(2)) }
            goldens.check("dit_cases.json", case: name, agrees)
            let outputs = try model(samples)
            for (index, output) in outputs.enumerated() { try goldens.check(file, "\(name).out\(index)", output) }
            if goldens.has(file, "\(name).mid.temb") { try checkBetween(goldens, file, name, model, samples) }
        }
        guard goldens.names(file).contains(where: { $0.hasSuffix("_bf16") }) else { return }
        let rounded = try goldens.transformer(.bfloat16)
        for name in goldens.cases(file) where goldens.has(file, "\(name).out0_bf16") {
            let samples = try Self.samples(goldens, file, name).map { try $0.converted(.bfloat16) }
            for (index, output) in try rounded(samples).enumerated() {
                try goldens.check(file, "\(name).out\(index)_bf16", output)
            }
        }
    }

    static func samples(_ goldens: Goldens, _ file: String, _ name: String) throws -> [Transformer.Sample] {
        let text = try goldens.input(file, "\(name).text")
        let mask = try goldens.input(file, "\(name).text_mask")
        let times = try goldens.input(file, "\(name).t").floats()
        return try times.indices.map { index in
            let length = try mask.selected(0, index).ints().reduce(0, +)
            let references = try (0..<TransformerConfiguration.maximumReferences)
                .filter { goldens.has(file, "\(name).ref\(index)_\($0)") }
                .map { try goldens.input(file, "\(name).ref\(index)_\($0)") }
            return Transformer.Sample(
                latent: try goldens.input(file, "\(name).latent\(index)"), references: references,
                text: try text.selected(0, index).narrowed(0, 0..<length), timestep: times[index])
        }
    }

    private static func checkBetween(
        _ goldens: Goldens, _ file: String, _ name: String, _ model: Transformer, _ samples: [Transformer.Sample]
    ) throws {
        let p = model.configuration.patchSize
        let plan = try SequencePlan(samples, p)
        let table = try model.positions.table(plan.places, device: goldens.device)
        let time = try model.timeCaption.time(plan.timesteps)
        func check(_ part: String, _ packed: PackedTokens) throws {
            try goldens.check(file, "\(name).mid.\(part)", rows: packed.sequences())
        }
        try goldens.check(
            file, "\(name).mid.temb", Tensor.stacked(plan.timeRows.map { try time.selected(0, $0) }))

        let texts = try PackedTokens(samples.map(\.text))
        var context = texts.replacing(try model.timeCaption.text(texts.tokens))
        try check("caption", context)
        let textPositions = try plan.positions(plan.textRanges, of: table)
        try model.contextRefiner.blocks.forEach { index, block in
            context = try block(context, textPositions)
            try check("context_refiner.\(index)", context)
        }

        let patches = try PackedTokens(samples.map { try Patches.cut($0.latent, p) })
        var noise = patches.replacing(try model.imageEmbedder(patches.tokens))
        try check("x_embedder", noise)
        let imagePositions = try plan.positions(plan.imageRanges, of: table)
        let noiseModulation = try model.noiseRefiner.modulate(time)
        try model.noiseRefiner.blocks.forEach { index, block in
            noise = try block(noise, imagePositions, noiseModulation[index], rows: plan.timeRows)
            try check("noise_refiner.\(index)", noise)
        }

        let references = try checkReferences(goldens, file, name, model, samples, plan, table, time)
        var joint = try plan.join(context, references, noise)
        let modulation = try model.layers.modulate(time)
        try model.layers.blocks.forEach { index, block in
            joint = try block(joint, table, modulation[index], rows: plan.timeRows)
            try check("layers.\(index)", joint)
        }
    }

    private static func checkReferences(
        _ goldens: Goldens, _ file: String, _ name: String, _ model: Transformer, _ samples: [Transformer.Sample],
        _ plan: SequencePlan, _ table: RotaryPositions, _ time: Tensor
    ) throws -> PackedTokens? {
        guard plan.hasReferences else { return nil }
        let p = model.configuration.patchSize
        let embedded = try samples.map { sample in
            try sample.references.map { try model.referenceEmbedder(Patches.cut($0, p)) }
        }
        let hidden = model.configuration.hiddenSize
        try goldens.check(
            file, "\(name).mid.ref_embedder",
            rows: embedded.map {
                $0.isEmpty ? try Tensor.zeros([0, hidden]) : try Tensor.concatenated($0, 0)
            })
        var x = try PackedTokens(
            embedded.flatMap { images in
                try images.enumerated().map { try $1 + model.imageIndexEmbedding.narrowed(0, $0..<$0 + 1) }
            })
        let positions = try plan.positions(plan.referenceRanges.flatMap { $0 }, of: table)
        let modulation = try model.referenceRefiner.modulate(time)
        try model.referenceRefiner.blocks.forEach { index, block in
            x = try block(x, positions, modulation[index], rows: plan.referenceTimeRows)
            // The original refines one empty reference for a sample that has none.
            var refined = try x.sequences()[...]
            let rows = try plan.referenceRanges.flatMap { ranges in
                defer { refined = refined.dropFirst(ranges.count) }
                return ranges.isEmpty ? [try Tensor.zeros([0, hidden])] : Array(refined.prefix(ranges.count))
            }
            try goldens.check(file, "\(name).mid.ref_image_refiner.\(index)", rows: rows)
        }
        return x
    }
}

extension Transformer.Sample {
    /// Everything in another type, the time included, as the original's pipeline rounds it.
    func converted(_ dtype: DType) throws -> Transformer.Sample {
        Transformer.Sample(
            latent: try latent.to(dtype), references: try references.map { try $0.to(dtype) }, text: try text.to(dtype),
            timestep: try Tensor([timestep], [1]).to(dtype).floats()[0])
    }
}
