import Layers

/// The configuration of a part without a configuration file: sizes and counts as the shapes of its tensors say, the rest
/// as published.
package struct DerivedConfiguration {
    private let source: any WeightSource
    private let names: Set<String>

    /// - Parameter source: the tensors under their published names.
    package init(_ source: any WeightSource) {
        self.source = source
        names = Set(source.names ?? [])
    }

    /// - Throws: `GenerationError.model` when a tensor whose shape is needed is missing or of another rank.
    package func document(_ part: ModelFolder.Part) throws -> JSONValue {
        switch part {
        case .transformer: try transformer()
        case .vae: try autoencoder()
        case .mllm: try languageModel()
        }
    }

    private func transformer() throws -> JSONValue {
        var document = PublishedConfiguration.transformer
        let patchArea = 4
        let embedder = try shape("x_embedder.weight", rank: 2)
        let headSize = try shape("layers.0.attn.norm_q.weight", rank: 1)[0]
        let hidden = embedder[0]
        document["hidden_size"] = .int(hidden)
        document["in_channels"] = .int(embedder[1] / patchArea)
        let outChannels = try shape("norm_out.linear_2.weight", rank: 2)[0] / patchArea
        if outChannels != embedder[1] / patchArea { document["out_channels"] = .int(outChannels) }
        document["num_layers"] = .int(count("layers"))
        document["num_refiner_layers"] = .int(count("noise_refiner"))
        document["num_attention_heads"] = .int(try shape("layers.0.attn.to_q.weight", rank: 2)[0] / headSize)
        document["num_kv_heads"] = .int(try shape("layers.0.attn.to_k.weight", rank: 2)[0] / headSize)
        document["axes_dim_rope"] = .array(Array(repeating: .int(headSize / 3), count: 3))
        document["text_feat_dim"] = .int(try shape("time_caption_embed.caption_embedder.0.weight", rank: 1)[0])
        let inner = try shape("layers.0.feed_forward.linear_1.weight", rank: 2)[0]
        // The largest rounding that gives this width, no larger than the published one.
        let rounding = [256, 128, 64, 32, 16, 8, 4, 2, 1].first { (4 * hidden + $0 - 1) / $0 * $0 == inner }
        if let rounding { document["multiple_of"] = .int(rounding) }
        return document
    }

    private func autoencoder() throws -> JSONValue {
        var document = PublishedConfiguration.autoencoder
        let levels = count("encoder.down_blocks")
        document["block_out_channels"] = .array(
            try (0..<levels).map { .int(try shape("encoder.down_blocks.\($0).resnets.0.conv2.weight", rank: 4)[0]) })
        document["down_block_types"] = .array(Array(repeating: "DownEncoderBlock2D", count: levels))
        document["up_block_types"] = .array(Array(repeating: "UpDecoderBlock2D", count: levels))
        document["layers_per_block"] = .int(count("encoder.down_blocks.0.resnets"))
        document["in_channels"] = .int(try shape("encoder.conv_in.weight", rank: 4)[1])
        document["latent_channels"] = .int(try shape("decoder.conv_in.weight", rank: 4)[1])
        document["out_channels"] = .int(try shape("decoder.conv_out.weight", rank: 4)[0])
        return document
    }

    /// Size of an attention head of every Qwen2.5-VL, and of its vision tower.
    private static let (headSize, visionHeadSize) = (128, 80)

    private func languageModel() throws -> JSONValue {
        var document = PublishedConfiguration.languageModel
        let embedding = try shape("model.embed_tokens.weight", rank: 2)
        document["vocab_size"] = .int(embedding[0])
        document["hidden_size"] = .int(embedding[1])
        document["num_hidden_layers"] = .int(count("model.layers"))
        document["num_attention_heads"] = .int(embedding[1] / Self.headSize)
        document["num_key_value_heads"] = .int(
            try shape("model.layers.0.self_attn.k_proj.weight", rank: 2)[0] / Self.headSize)
        document["intermediate_size"] = .int(try shape("model.layers.0.mlp.gate_proj.weight", rank: 2)[0])
        document["tie_word_embeddings"] = .bool(!names.contains("lm_head.weight"))
        document["vision_config"]?["out_hidden_size"] = .int(embedding[1])
        // ComfyUI needs no vision tower, and a text encoder may come without.
        if count("visual.blocks") > 0 { try deriveVisionTower(&document) }
        return document
    }

    private func deriveVisionTower(_ document: inout JSONValue) throws {
        let patch = try shape("visual.patch_embed.proj.weight", rank: 5)
        let (depth, hidden) = (count("visual.blocks"), patch[0])
        document["vision_config"]?["depth"] = .int(depth)
        document["vision_config"]?["hidden_size"] = .int(hidden)
        document["vision_config"]?["num_heads"] = .int(hidden / Self.visionHeadSize)
        if patch[1] != 3 { document["vision_config"]?["in_channels"] = .int(patch[1]) }
        document["vision_config"]?["temporal_patch_size"] = .int(patch[2])
        document["vision_config"]?["patch_size"] = .int(patch[3])
        document["vision_config"]?["spatial_patch_size"] = .int(patch[3])
        document["vision_config"]?["intermediate_size"] = .int(
            try shape("visual.blocks.0.mlp.gate_proj.weight", rank: 2)[0])
        if case .array(let blocks)? = document["vision_config"]?["fullatt_block_indexes"] {
            let inside = blocks.filter { block in (0..<depth).contains { .int($0) == block } }
            document["vision_config"]?["fullatt_block_indexes"] = .array(inside)
        }
    }
}

extension DerivedConfiguration {
    /// The shape of a tensor, of which no size is 0.
    private func shape(_ name: String, rank: Int) throws -> [Int] {
        guard let shape = source.shape(of: name) else {
            throw GenerationError.model("\(source.origin): tensor \(source.storedName(of: name)) is missing")
        }
        guard shape.count == rank, shape.allSatisfy({ $0 > 0 && $0 <= 1 << 32 }) else {
            throw GenerationError.model(
                "\(source.origin): tensor \(source.storedName(of: name)) has shape \(shape), expected \(rank) positive "
                    + "sizes")
        }
        return shape
    }

    /// How many numbers from 0 on follow the prefix.
    private func count(_ prefix: String) -> Int {
        let numbers = Set(
            names.lazy.filter { $0.hasPrefix(prefix + ".") }
                .compactMap { Int($0.dropFirst(prefix.count + 1).prefix { $0 != "." }) })
        return (0...numbers.count).first { !numbers.contains($0) } ?? 0
    }
}
