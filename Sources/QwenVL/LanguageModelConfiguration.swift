import Layers

/// `mllm/config.json` of a checkpoint: Qwen2.5-VL.
package struct LanguageModelConfiguration: Decodable, Sendable {
    package let hiddenSize: Int
    package let intermediateSize: Int
    package var layerCount: Int
    package let headCount: Int
    package let keyValueHeadCount: Int
    package let normEpsilon: Double
    package let ropeTheta: Double
    /// Rotary frequencies of a head given to time, row and column.
    package let ropeSections: [Int]
    package var vocabularySize: Int
    /// Tokens of the longest text the model was made for.
    package let maximumTokens: Int
    package let tiesEmbeddings: Bool
    package let imageTokenID: Int
    package let visionStartTokenID: Int
    package let vision: VisionConfiguration

    private enum Key: String, CodingKey {
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case layerCount = "num_hidden_layers"
        case headCount = "num_attention_heads"
        case keyValueHeadCount = "num_key_value_heads"
        case normEpsilon = "rms_norm_eps"
        case ropeTheta = "rope_theta"
        case ropeScaling = "rope_scaling"
        case vocabularySize = "vocab_size"
        case maximumTokens = "max_position_embeddings"
        case tiesEmbeddings = "tie_word_embeddings"
        case imageTokenID = "image_token_id"
        case visionStartTokenID = "vision_start_token_id"
        case vision = "vision_config"
        case text = "text_config"
        case ropeParameters = "rope_parameters"
    }

    private struct Rope: Decodable {
        let mrope_section: [Int]
        let rope_theta: Double?
    }

    /// The values of the file, which newer versions of transformers keep in `text_config`.
    private struct Values {
        let outer: KeyedDecodingContainer<Key>
        let inner: KeyedDecodingContainer<Key>?

        init(_ decoder: any Decoder) throws {
            outer = try decoder.container(keyedBy: Key.self)
            inner = outer.contains(.text) ? try outer.nestedContainer(keyedBy: Key.self, forKey: .text) : nil
        }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            try outer.decodeIfPresent(type, forKey: key) ?? inner?.decodeIfPresent(type, forKey: key)
        }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            try decodeIfPresent(type, forKey: key) ?? outer.decode(type, forKey: key)
        }
    }

    package init(from decoder: any Decoder) throws {
        let values = try Values(decoder)
        // From version 5 on one member holds what `rope_theta` and `rope_scaling` did.
        let rope = try values.decodeIfPresent(Rope.self, forKey: .ropeParameters)
        hiddenSize = try values.decode(Int.self, forKey: .hiddenSize)
        intermediateSize = try values.decode(Int.self, forKey: .intermediateSize)
        layerCount = try values.decode(Int.self, forKey: .layerCount)
        headCount = try values.decode(Int.self, forKey: .headCount)
        keyValueHeadCount = try values.decode(Int.self, forKey: .keyValueHeadCount)
        normEpsilon = try values.decode(Double.self, forKey: .normEpsilon)
        ropeTheta = try rope?.rope_theta ?? values.decode(Double.self, forKey: .ropeTheta)
        ropeSections = try (rope ?? values.decode(Rope.self, forKey: .ropeScaling)).mrope_section
        vocabularySize = try values.decode(Int.self, forKey: .vocabularySize)
        maximumTokens = try values.decodeIfPresent(Int.self, forKey: .maximumTokens) ?? 32768
        tiesEmbeddings = try values.decodeIfPresent(Bool.self, forKey: .tiesEmbeddings) ?? false
        imageTokenID = try values.decode(Int.self, forKey: .imageTokenID)
        visionStartTokenID = try values.decode(Int.self, forKey: .visionStartTokenID)
        vision = try values.decode(VisionConfiguration.self, forKey: .vision)
        try validate()
    }

    package var headSize: Int { hiddenSize / headCount }

    private func validate() throws {
        let sizes = [hiddenSize, intermediateSize, headCount, keyValueHeadCount, vocabularySize]
        guard sizes.allSatisfy(ConfigurationLimits.size.contains), ConfigurationLimits.count.contains(layerCount),
            hiddenSize % headCount == 0, headCount % keyValueHeadCount == 0
        else {
            throw LanguageModelError.configuration(
                "hidden_size \(hiddenSize) must be a positive multiple of num_attention_heads \(headCount), and that "
                    + "of num_key_value_heads \(keyValueHeadCount)")
        }
        guard ropeSections.count == 3, ropeSections.allSatisfy(ConfigurationLimits.count.contains),
            ropeSections.reduce(0, +) * 2 == headSize
        else {
            throw LanguageModelError.configuration(
                "mrope_section \(ropeSections) must be three numbers that add up to half the head size \(headSize)")
        }
        guard maximumTokens > 0 else {
            throw LanguageModelError.configuration("max_position_embeddings must be positive, got \(maximumTokens)")
        }
        guard vision.outputSize == hiddenSize else {
            throw LanguageModelError.configuration(
                "the vision tower's out_hidden_size \(vision.outputSize) is not hidden_size \(hiddenSize)")
        }
    }
}

/// `vision_config` of the same file.
package struct VisionConfiguration: Decodable, Sendable {
    package let depth: Int
    package let hiddenSize: Int
    package let headCount: Int
    package let intermediateSize: Int
    package let outputSize: Int
    package let patchSize: Int
    package let temporalPatchSize: Int
    package let mergeSize: Int
    /// Side of an attention window in pixels.
    package let windowSize: Int
    package let fullAttentionBlocks: [Int]
    package let inChannels: Int

    private enum Key: String, CodingKey {
        case depth
        case hiddenSize = "hidden_size"
        case headCount = "num_heads"
        case intermediateSize = "intermediate_size"
        case outputSize = "out_hidden_size"
        case patchSize = "patch_size"
        case temporalPatchSize = "temporal_patch_size"
        case mergeSize = "spatial_merge_size"
        case windowSize = "window_size"
        case fullAttentionBlocks = "fullatt_block_indexes"
        case inChannels = "in_channels"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        depth = try values.decode(Int.self, forKey: .depth)
        hiddenSize = try values.decode(Int.self, forKey: .hiddenSize)
        headCount = try values.decode(Int.self, forKey: .headCount)
        intermediateSize = try values.decode(Int.self, forKey: .intermediateSize)
        outputSize = try values.decode(Int.self, forKey: .outputSize)
        patchSize = try values.decodeIfPresent(Int.self, forKey: .patchSize) ?? 14
        temporalPatchSize = try values.decodeIfPresent(Int.self, forKey: .temporalPatchSize) ?? 2
        mergeSize = try values.decodeIfPresent(Int.self, forKey: .mergeSize) ?? 2
        windowSize = try values.decodeIfPresent(Int.self, forKey: .windowSize) ?? 112
        fullAttentionBlocks = try values.decode([Int].self, forKey: .fullAttentionBlocks)
        inChannels = try values.decodeIfPresent(Int.self, forKey: .inChannels) ?? 3
        let small = [patchSize, temporalPatchSize, mergeSize, inChannels]
        guard [hiddenSize, headCount, intermediateSize, outputSize].allSatisfy(ConfigurationLimits.size.contains),
            small.allSatisfy(ConfigurationLimits.smallSize.contains), ConfigurationLimits.count.contains(depth),
            ConfigurationLimits.size.contains(windowSize), hiddenSize % (4 * headCount) == 0,
            windowSize >= mergeSize * patchSize
        else {
            throw LanguageModelError.configuration(
                "the vision tower's hidden_size \(hiddenSize) must be a multiple of 4 num_heads (\(headCount)), and "
                    + "window_size \(windowSize) at least one merged patch")
        }
    }

    package var headSize: Int { hiddenSize / headCount }

    /// Side of an attention window in merged patches.
    package var windowPatches: Int { windowSize / mergeSize / patchSize }

    /// Numbers in a patch of pixels.
    package var patchValues: Int { inChannels * temporalPatchSize * patchSize * patchSize }
}

/// What a language model cannot be built from or asked for.
package enum LanguageModelError: Error, CustomStringConvertible, Sendable {
    case configuration(String)
    case input(String)
    /// What the model answered with.
    case output(String)

    package var description: String {
        switch self {
        case .configuration(let message): "language model configuration: " + message
        case .input(let message), .output(let message): message
        }
    }
}
