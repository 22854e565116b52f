import Layers

/// `vae/config.json` of a checkpoint: the FLUX autoencoder in the layout of diffusers.
package struct AutoencoderConfiguration: Decodable, Sendable {
    package let inChannels: Int
    package let outChannels: Int
    package let latentChannels: Int
    package let blockOutChannels: [Int]
    package let layersPerBlock: Int
    package let normGroups: Int
    package let scalingFactor: Double
    package let shiftFactor: Double
    /// Side in pixels of the pictures the model was made for, where the file says so.
    package let sampleSize: Int?

    private enum Key: String, CodingKey {
        case inChannels = "in_channels"
        case outChannels = "out_channels"
        case latentChannels = "latent_channels"
        case blockOutChannels = "block_out_channels"
        case layersPerBlock = "layers_per_block"
        case normGroups = "norm_num_groups"
        case scalingFactor = "scaling_factor"
        case shiftFactor = "shift_factor"
        case sampleSize = "sample_size"
        case useQuantConvolution = "use_quant_conv"
        case usePostQuantConvolution = "use_post_quant_conv"
        case midBlockAttention = "mid_block_add_attention"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        inChannels = try values.decode(Int.self, forKey: .inChannels)
        outChannels = try values.decode(Int.self, forKey: .outChannels)
        latentChannels = try values.decode(Int.self, forKey: .latentChannels)
        blockOutChannels = try values.decode([Int].self, forKey: .blockOutChannels)
        layersPerBlock = try values.decode(Int.self, forKey: .layersPerBlock)
        normGroups = try values.decode(Int.self, forKey: .normGroups)
        scalingFactor = try values.decodeIfPresent(Double.self, forKey: .scalingFactor) ?? 1
        shiftFactor = try values.decodeIfPresent(Double.self, forKey: .shiftFactor) ?? 0
        sampleSize = try values.decodeIfPresent(Int.self, forKey: .sampleSize)
        // diffusers adds both convolutions unless the file says otherwise; FLUX has neither.
        for key in [Key.useQuantConvolution, .usePostQuantConvolution] {
            if try values.decodeIfPresent(Bool.self, forKey: key) ?? true {
                throw ConfigurationError(
                    "autoencoder configuration: \(key.rawValue) must be false (a FLUX autoencoder)")
            }
        }
        if try values.decodeIfPresent(Bool.self, forKey: .midBlockAttention) == false {
            throw ConfigurationError("autoencoder configuration: \(Key.midBlockAttention.rawValue) must be true")
        }
        try validate()
    }

    private func validate() throws {
        let sizes = [inChannels, outChannels, latentChannels, normGroups, layersPerBlock]
        guard sizes.allSatisfy(ConfigurationLimits.smallSize.contains), (1...8).contains(blockOutChannels.count),
            blockOutChannels.allSatisfy(ConfigurationLimits.size.contains), scalingFactor.isNormal
        else {
            throw ConfigurationError(
                "autoencoder configuration: sizes must be positive and of a sane size, scaling_factor not 0")
        }
        if let channels = blockOutChannels.first(where: { $0 % normGroups != 0 }) {
            throw ConfigurationError(
                "autoencoder configuration: block_out_channels \(channels) is not a multiple of norm_num_groups "
                    + "\(normGroups)")
        }
    }

    /// Pixels of the image to one of the latent, on a side.
    package var scaleFactor: Int { 1 << (blockOutChannels.count - 1) }

    /// Every norm of the original uses this.
    static let normEpsilon = 1e-6
}
