import OmniGen2
import QwenVL

extension ScratchModel {
    /// The `config.json` of each part: the description's values, and what follows from them.
    var configurations: [ModelFolder.Part: JSONValue] {
        [.transformer: transformer, .vae: autoencoder, .mllm: languageModel]
    }

    private var transformer: JSONValue {
        var document = description.transformer
        document["in_channels"] = description.autoencoder["latent_channels"]
        document["text_feat_dim"] = description.languageModel["hidden_size"]
        return document
    }

    private var autoencoder: JSONValue {
        var document = description.autoencoder
        let levels = document["block_out_channels"]?.array?.count ?? 0
        document["down_block_types"] = .array(Array(repeating: "DownEncoderBlock2D", count: levels))
        document["up_block_types"] = .array(Array(repeating: "UpDecoderBlock2D", count: levels))
        document["sample_size"] = .int(description.pictureSize)
        return document
    }

    private var languageModel: JSONValue {
        var document = description.languageModel
        document["vocab_size"] = .int(description.vocabularySize)
        document["torch_dtype"] = "float32"
        for (name, token) in [
            ("bos_token_id", TrainedTokenizer.endOfText), ("eos_token_id", TrainedTokenizer.endOfMessage),
            ("image_token_id", ChatTemplate.imagePad), ("video_token_id", "<|video_pad|>"),
            ("vision_start_token_id", "<|vision_start|>"), ("vision_end_token_id", "<|vision_end|>"),
            ("vision_token_id", "<|vision_pad|>"),
        ] { document[name] = id(token) }
        let vision = description.languageModel["vision_config"]
        document["vision_config"]?["out_hidden_size"] = description.languageModel["hidden_size"]
        document["vision_config"]?["spatial_patch_size"] = vision?["patch_size"]
        if document["rope_scaling"]?["mrope_section"]?.array?.isEmpty == true {
            document["rope_scaling"]?["mrope_section"] = rotarySections
        }
        return document
    }

    /// The frequencies of a head shared out as the published model does: a quarter for time, the rest for row and column.
    private var rotarySections: JSONValue {
        let width = description.languageModel["hidden_size"]?.int ?? 0
        let half = width / max(1, description.languageModel["num_attention_heads"]?.int ?? 1) / 2
        let side = half / 8 * 3 + half % 8 * 3 / 8
        return [.int(half - 2 * side), .int(side), .int(side)]
    }

    private func id(_ token: String) -> JSONValue { tokenizer.id(ofSpecial: token).map { .int($0) } ?? .null }

    var generation: JSONValue {
        var document = PublishedConfiguration.languageModelGeneration
        let (text, message) = (id(TrainedTokenizer.endOfText), id(TrainedTokenizer.endOfMessage))
        (document["bos_token_id"], document["pad_token_id"]) = (text, text)
        document["eos_token_id"] = .array([message, text])
        return document
    }

    /// The published file of the vision tower's preprocessing; the bounds of a picture are as many tokens as there.
    var preprocessor: JSONValue {
        let vision = description.languageModel["vision_config"]
        func size(_ name: String) -> Int { min(vision?[name]?.int ?? 1, 1024) }
        let side = size("patch_size") * size("spatial_merge_size")
        let (least, most) = (4 * side * side, 16384 * side * side)
        return [
            "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true,
            "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_processor_type": "Qwen2VLImageProcessor",
            "image_std": [0.26862954, 0.26130258, 0.27577711], "max_pixels": .int(most),
            "merge_size": .int(size("spatial_merge_size")), "min_pixels": .int(least),
            "patch_size": .int(size("patch_size")), "processor_class": "Qwen2_5_VLProcessor", "resample": 3,
            "rescale_factor": 0.00392156862745098,
            "size": ["longest_edge": .int(most), "shortest_edge": .int(least)],
            "temporal_patch_size": .int(size("temporal_patch_size")),
        ]
    }
}
