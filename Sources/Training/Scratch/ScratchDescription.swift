import OmniGen2

/// What a model from scratch is to look like: the sizes of its parts under the names of the published `config.json`
/// files. What is not said is as published; what follows from something else cannot be said.
package struct ScratchDescription: Sendable {
    /// Where it was read.
    package let file: String
    package let seed: UInt64
    /// Side in pixels of the pictures the model is meant for.
    package let pictureSize: Int
    /// Tokens at most, and rows of the embedding.
    package let vocabularySize: Int
    /// Files of lines for the tokenizer.
    package let textFiles: [String]
    let transformer, autoencoder, languageModel: JSONValue

    /// Members that follow from other parts, from the tokenizer, or from the code.
    private static let derived: Set<String> = [
        "in_channels", "out_channels", "text_feat_dim", "sample_size", "latents_mean", "latents_std", "in_chans",
        "use_quant_conv", "use_post_quant_conv", "mid_block_add_attention", "force_upcast", "vocab_size",
        "out_hidden_size", "spatial_patch_size", "bos_token_id", "eos_token_id", "image_token_id", "video_token_id",
        "vision_start_token_id", "vision_end_token_id", "vision_token_id", "use_cache", "attention_dropout",
        "initializer_range",
    ]

    /// Reads a YAML file.
    ///
    /// - Throws: `SettingsError` when it cannot be read, when a value is of another kind or a name means nothing.
    package init(file: String) throws(SettingsError) {
        let settings = try Settings(file: file)
        self.file = file
        seed = UInt64(try settings.int("seed", atLeast: 0, or: 0))
        pictureSize = try settings.int("picture_size", atLeast: 1, or: 1024)
        let tokenizer = try settings.mapping("tokenizer")
        let smallest = 256 + TrainedTokenizer.specialTokens.count
        vocabularySize = try tokenizer.int("vocab_size", atLeast: smallest, or: 151936)
        textFiles = try (tokenizer.strings("text") ?? []).map { path($0, writtenIn: file) }

        transformer = try Self.overlay(PublishedConfiguration.transformer, settings.mapping("transformer"))
        var autoencoder = PublishedConfiguration.autoencoder
        // Nothing is known of latents that nobody has learnt.
        (autoencoder["scaling_factor"], autoencoder["shift_factor"]) = (1.0, 0.0)
        self.autoencoder = try Self.overlay(autoencoder, settings.mapping("vae"))
        var languageModel = PublishedConfiguration.languageModel
        languageModel["rope_scaling"]?["mrope_section"] = []
        self.languageModel = try Self.overlay(languageModel, settings.mapping("mllm"))
        if let unknown = settings.unasked.first {
            throw SettingsError(file: file, line: unknown.line, reason: "\(unknown.name) cannot be set")
        }
    }

    /// A published document with the values of the settings.
    private static func overlay(_ document: JSONValue, _ settings: Settings) throws(SettingsError) -> JSONValue {
        var result = document
        for (name, value) in (document.members ?? [:]).sorted(by: { $0.key < $1.key }) where !derived.contains(name) {
            let given: JSONValue? =
                switch value {
                case .int: try settings.int(name).map { .int($0) }
                case .double, .null: try settings.double(name).map { .double($0) }
                case .bool: try settings.bool(name).map { .bool($0) }
                case .array(let values) where values.allSatisfy { $0.int != nil }:
                    try settings.ints(name).map { .array($0.map { .int($0) }) }
                case .object: try overlay(value, settings.mapping(name))
                default: nil
                }
            if let given { result[name] = given }
        }
        return result
    }
}
