import Layers

extension CheckpointFormat {
    /// The autoencoder as diffusers and the published checkpoint name it.
    static let publishedAutoencoder = CheckpointFormat(
        title: "an autoencoder in diffusers' names", part: .vae,
        markers: [
            "encoder.mid_block.resnets.0.conv1.weight", "decoder.mid_block.resnets.0.conv1.weight",
            "encoder.down_blocks.0.resnets.0.conv1.weight", "decoder.up_blocks.0.resnets.0.conv1.weight",
        ],
        prefixes: ["", "vae."],
        rows: [NameTable.Row("", "")])

    /// The autoencoder as Black Forest Labs names it: `ae.safetensors`. Its decoder counts levels from the pixels up, and
    /// its attention is made of 1x1 convolutions.
    ///
    /// Source: the names of `AutoEncoder` in the FLUX reference, and diffusers' `single_file_utils.py` for what they are there.
    static let originalAutoencoder = CheckpointFormat(
        title: "an autoencoder in the names of FLUX", part: .vae,
        markers: [
            "encoder.mid.block_1.conv1.weight", "decoder.mid.block_1.conv1.weight",
            "encoder.down.0.block.0.conv1.weight", "decoder.up.0.block.0.conv1.weight",
        ],
        prefixes: ["", "first_stage_model.", "vae."],
        rows: originalRows("encoder") + originalRows("decoder"), reversed: "decoder.up.")

    private static func originalRows(_ side: String) -> [NameTable.Row] {
        func row(_ published: String, _ stored: String, pointwiseConvolution: Bool = false) -> NameTable.Row {
            NameTable.Row("\(side).\(published)", "\(side).\(stored)", pointwiseConvolution: pointwiseConvolution)
        }
        return [
            row("conv_in", "conv_in"),
            row("down_blocks.*.resnets.*.conv_shortcut", "down.*.block.*.nin_shortcut"),
            row("down_blocks.*.resnets.*", "down.*.block.*"),
            row("down_blocks.*.downsamplers.0", "down.*.downsample"),
            row("up_blocks.*.resnets.*.conv_shortcut", "up.~.block.*.nin_shortcut"),
            row("up_blocks.*.resnets.*", "up.~.block.*"),
            row("up_blocks.*.upsamplers.0", "up.~.upsample"),
            row("mid_block.resnets.0", "mid.block_1"),
            row("mid_block.resnets.1", "mid.block_2"),
            row("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
            row("mid_block.attentions.0.to_q", "mid.attn_1.q", pointwiseConvolution: true),
            row("mid_block.attentions.0.to_k", "mid.attn_1.k", pointwiseConvolution: true),
            row("mid_block.attentions.0.to_v", "mid.attn_1.v", pointwiseConvolution: true),
            row("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out", pointwiseConvolution: true),
            row("conv_norm_out", "norm_out"),
            row("conv_out", "conv_out"),
        ]
    }
}
