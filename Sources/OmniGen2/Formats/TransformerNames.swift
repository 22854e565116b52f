import Layers

extension CheckpointFormat {
    /// The diffusion transformer. ComfyUI names its modules as the published checkpoint does; a file that was saved
    /// with a whole model has them below a prefix.
    ///
    /// Source: `comfy/ldm/omnigen/omnigen2.py` of ComfyUI, and its `diffusion_models` files.
    static let transformer = CheckpointFormat(
        title: "a diffusion transformer", part: .transformer,
        markers: [
            "time_caption_embed.timestep_embedder.linear_1.bias", "time_caption_embed.caption_embedder.1.weight",
            "image_index_embedding", "ref_image_patch_embedder.weight",
        ],
        prefixes: ["", "model.diffusion_model.", "diffusion_model."],
        rows: [NameTable.Row("", "")])
}
