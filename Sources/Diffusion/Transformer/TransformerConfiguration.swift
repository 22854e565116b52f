import Layers

/// `transformer/config.json` of a checkpoint.
package struct TransformerConfiguration: Decodable, Sendable {
    package let patchSize: Int
    package let inChannels: Int
    package let outChannels: Int
    package let hiddenSize: Int
    package var layerCount: Int
    package var refinerLayerCount: Int
    package let headCount: Int
    package let keyValueHeadCount: Int
    package let multipleOf: Int
    package let feedForwardMultiplier: Double?
    package let normEpsilon: Double
    /// Rotary dimensions of a head given to text position, row and column.
    package let axesDimensions: [Int]
    /// How many positions each axis has.
    package let axesLengths: [Int]
    package let textFeatureSize: Int
    package let timestepScale: Double

    private enum Key: String, CodingKey {
        case patchSize = "patch_size"
        case inChannels = "in_channels"
        case outChannels = "out_channels"
        case hiddenSize = "hidden_size"
        case layerCount = "num_layers"
        case refinerLayerCount = "num_refiner_layers"
        case headCount = "num_attention_heads"
        case keyValueHeadCount = "num_kv_heads"
        case multipleOf = "multiple_of"
        case feedForwardMultiplier = "ffn_dim_multiplier"
        case normEpsilon = "norm_eps"
        case axesDimensions = "axes_dim_rope"
        case axesLengths = "axes_lens"
        case textFeatureSize = "text_feat_dim"
        case timestepScale = "timestep_scale"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        patchSize = try values.decode(Int.self, forKey: .patchSize)
        inChannels = try values.decode(Int.self, forKey: .inChannels)
        outChannels = try values.decodeIfPresent(Int.self, forKey: .outChannels) ?? inChannels
        hiddenSize = try values.decode(Int.self, forKey: .hiddenSize)
        layerCount = try values.decode(Int.self, forKey: .layerCount)
        refinerLayerCount = try values.decode(Int.self, forKey: .refinerLayerCount)
        headCount = try values.decode(Int.self, forKey: .headCount)
        keyValueHeadCount = try values.decode(Int.self, forKey: .keyValueHeadCount)
        multipleOf = try values.decode(Int.self, forKey: .multipleOf)
        feedForwardMultiplier = try values.decodeIfPresent(Double.self, forKey: .feedForwardMultiplier)
        normEpsilon = try values.decode(Double.self, forKey: .normEpsilon)
        axesDimensions = try values.decode([Int].self, forKey: .axesDimensions)
        axesLengths = try values.decode([Int].self, forKey: .axesLengths)
        textFeatureSize = try values.decode(Int.self, forKey: .textFeatureSize)
        timestepScale = try values.decodeIfPresent(Double.self, forKey: .timestepScale) ?? 1
        try validate()
    }

    private func validate() throws {
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
            if !condition { throw ConfigurationError("transformer configuration: " + message()) }
        }
        let sizes = [hiddenSize, headCount, keyValueHeadCount, multipleOf, textFeatureSize]
        try require(
            sizes.allSatisfy(ConfigurationLimits.size.contains)
                && [patchSize, inChannels, outChannels].allSatisfy(ConfigurationLimits.smallSize.contains)
                && [layerCount, refinerLayerCount].allSatisfy(ConfigurationLimits.count.contains),
            "sizes and counts must be positive and of a sane size")
        try require(
            feedForwardMultiplier.map { $0 > 0 && $0 <= 64 } ?? true, "ffn_dim_multiplier must be within 0 and 64")
        try require(
            hiddenSize % headCount == 0 && headCount % keyValueHeadCount == 0,
            "hidden_size \(hiddenSize) must be a multiple of num_attention_heads \(headCount), and that of "
                + "num_kv_heads \(keyValueHeadCount)")
        try require(
            axesDimensions.count == 3
                && axesDimensions.allSatisfy { ConfigurationLimits.size.contains($0) && $0 % 2 == 0 }
                && axesDimensions.reduce(0, +) == headSize,
            "axes_dim_rope \(axesDimensions) must be three even numbers whose sum is the head size \(headSize)")
        try require(
            axesLengths.count == 3 && axesLengths.allSatisfy(ConfigurationLimits.size.contains),
            "axes_lens \(axesLengths) must be three positive numbers")
    }

    package var headSize: Int { hiddenSize / headCount }

    /// Width of the timestep embedding.
    package var timeSize: Int { min(hiddenSize, 1024) }

    /// Numbers in a patch of the latents.
    package var patchChannels: Int { patchSize * patchSize * inChannels }

    /// Inner width of the feed-forward layers, rounded up to `multipleOf`.
    package var feedForwardSize: Int {
        var inner = 4 * hiddenSize
        if let feedForwardMultiplier { inner = Int(feedForwardMultiplier * Double(inner)) }
        return (inner + multipleOf - 1) / multipleOf * multipleOf
    }

    /// The checkpoint's table of image index embeddings has this many rows.
    package static let maximumReferences = 5
}

/// A configuration file that no model can be built from.
package struct ConfigurationError: Error, CustomStringConvertible, Sendable {
    package let description: String
    package init(_ description: String) { self.description = description }
}
