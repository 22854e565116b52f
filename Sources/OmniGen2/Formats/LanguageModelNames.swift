import Layers

extension CheckpointFormat {
    /// Qwen2.5-VL as the published checkpoint and transformers up to 4.51 name it; ComfyUI's text encoder too.
    static let languageModel = CheckpointFormat(
        title: "Qwen2.5-VL", part: .mllm,
        markers: [
            "model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.bias", "visual.patch_embed.proj.weight",
        ],
        rows: [
            NameTable.Row("model", "model"), NameTable.Row("visual", "visual"), NameTable.Row("lm_head", "lm_head"),
        ])

    /// Qwen2.5-VL as transformers from 4.52 on names it, with both halves below `model`.
    ///
    /// Source: `Qwen2_5_VLForConditionalGeneration` there.
    static let newerLanguageModel = CheckpointFormat(
        title: "Qwen2.5-VL in the names of transformers 4.52 and later", part: .mllm,
        markers: [
            "model.language_model.embed_tokens.weight", "model.language_model.layers.0.self_attn.k_proj.bias",
            "model.visual.patch_embed.proj.weight",
        ],
        rows: [
            NameTable.Row("model", "model.language_model"), NameTable.Row("visual", "model.visual"),
            NameTable.Row("lm_head", "lm_head"),
        ])
}
