import Foundation

/// How foreign files spell published names, written anew from their description: the check on the tables of the package.
enum ForeignNames {
    static func comfyTransformer(_ name: String) -> String { "model.diffusion_model." + name }

    /// FLUX's autoencoder, of four levels.
    static func originalAutoencoder(_ name: String) -> String {
        var name = name
        for (old, new) in [
            (".mid_block.resnets.0.", ".mid.block_1."), (".mid_block.resnets.1.", ".mid.block_2."),
            (".mid_block.attentions.0.group_norm.", ".mid.attn_1.norm."),
            (".mid_block.attentions.0.to_out.0.", ".mid.attn_1.proj_out."),
            (".mid_block.attentions.0.to_", ".mid.attn_1."), (".downsamplers.0.", ".downsample."),
            (".upsamplers.0.", ".upsample."), (".resnets.", ".block."), (".conv_shortcut.", ".nin_shortcut."),
            (".conv_norm_out.", ".norm_out."), (".down_blocks.", ".down."),
        ] { name = name.replacingOccurrences(of: old, with: new) }
        for level in 0..<4 {
            name = name.replacingOccurrences(of: ".up_blocks.\(level).", with: ".up.\(3 - level).")
        }
        return name
    }

    /// Attention weights are 1x1 convolutions there.
    static func originalAutoencoderShape(_ name: String, _ shape: [Int]) -> [Int] {
        name.contains(".attentions.") && shape.count == 2 ? shape + [1, 1] : shape
    }

    static func newerLanguageModel(_ name: String) -> String {
        if name.hasPrefix("visual.") { return "model." + name }
        if name.hasPrefix("model.") { return "model.language_model." + name.dropFirst(6) }
        return name
    }
}
