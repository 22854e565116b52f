import Diffusion
import Layers
import QwenVL
import Torch

// Operations of the models. Counted is what is computed here: matrix products, attention and convolutions. Norms,
// activations, rotations and additions, a few in a thousand, are not. What the models do not compute anew in each step is not counted either.

/// A step of the diffusion transformer with all its guidance branches, as `GuidedTransformer` runs it.
package struct TransformerOperations {
    private let configuration: TransformerConfiguration

    package init(_ configuration: TransformerConfiguration) { self.configuration = configuration }

    /// The image passes the embedder and the noise refiner once, each reference the reference refiner once; the layers see
    /// text, references and image of each branch; the projection of the output sees the image of each branch. Embedded
    /// references, refined text and modulation are there before the first step.
    ///
    /// - Parameters:
    ///   - image: tokens of the picture; so `references`, of each.
    ///   - branches: the tokens of text, and whether references are seen.
    package func step(image: Int, references: [Int], branches: [(text: Int, seesReferences: Bool)]) -> Double {
        let hidden = configuration.hiddenSize
        let refiners = Double(configuration.refinerLayerCount)
        let seen = branches.contains { $0.seesReferences } ? references : []
        let output = configuration.patchSize * configuration.patchSize * configuration.outChannels
        let embedding = productOperations(image, configuration.patchChannels, hidden)
        let refinement = refiners * ([image] + seen).map(block).reduce(0, +)
        let layers = branches.map { branch in
            block(branch.text + image + (branch.seesReferences ? references.reduce(0, +) : 0))
        }
        return embedding + refinement + Double(configuration.layerCount) * layers.reduce(0, +)
            + Double(branches.count) * productOperations(image, hidden, output)
    }

    /// A block over one sequence, without its modulation.
    package func block(_ tokens: Int) -> Double {
        let hidden = configuration.hiddenSize
        let keyValue = configuration.keyValueHeadCount * configuration.headSize
        return productOperations(tokens, hidden, 2 * hidden + 2 * keyValue)
            + productOperations(tokens, hidden, 3 * configuration.feedForwardSize)
            + attentionOperations(tokens, tokens, width: hidden)
    }
}

/// Encoder and decoder of the autoencoder.
package struct AutoencoderOperations {
    private let configuration: AutoencoderConfiguration
    /// Whether our own kernels convolve.
    private let hasKernels: Bool

    package init(_ configuration: AutoencoderConfiguration, hasKernels: Bool = Kernels.arePreferred) {
        (self.configuration, self.hasKernels) = (configuration, hasKernels)
    }

    /// - Parameter pixels: of the picture.
    package func decoding(pixels: Int) -> Double {
        let channels = Array(configuration.blockOutChannels.reversed())
        var area = pixels / (configuration.scaleFactor * configuration.scaleFactor)
        var sum = convolution(area, configuration.latentChannels, channels[0]) + middle(area, channels[0])
        for (level, outputs) in channels.enumerated() {
            sum += residual(area, channels[max(level - 1, 0)], outputs)
            sum += Double(configuration.layersPerBlock) * residual(area, outputs, outputs)
            if level < channels.count - 1 {
                sum += upsampling(area, outputs)
                area *= 4
            }
        }
        return sum + convolution(area, channels[channels.count - 1], configuration.outChannels)
    }

    package func encoding(pixels: Int) -> Double {
        let channels = configuration.blockOutChannels
        var area = pixels
        var sum = convolution(area, configuration.inChannels, channels[0])
        for (level, outputs) in channels.enumerated() {
            sum += residual(area, channels[max(level - 1, 0)], outputs)
            sum += Double(configuration.layersPerBlock - 1) * residual(area, outputs, outputs)
            if level < channels.count - 1 {
                area /= 4
                sum += productOperations(area, 9 * outputs, outputs)
            }
        }
        let deepest = channels[channels.count - 1]
        return sum + middle(area, deepest) + convolution(area, deepest, 2 * configuration.latentChannels)
    }

    /// Of 3 x 3: where kernels of our own compute, four pixels take 16 products of a channel.
    private func convolution(_ area: Int, _ inputs: Int, _ outputs: Int) -> Double {
        productOperations(area, (hasKernel(inputs) ? 4 : 9) * inputs, outputs)
    }

    /// Of 3 x 3, over copies of the pixels, 2 x 2 of each: 9 products of a channel for each four, or a kernel of 2 x 2.
    private func upsampling(_ area: Int, _ channels: Int) -> Double {
        productOperations(area, (hasKernel(channels) ? 9 : 16) * channels, channels)
    }

    private func hasKernel(_ inputs: Int) -> Bool { hasKernels && inputs >= ConvolutionKernel.fewestInputs }

    private func residual(_ area: Int, _ inputs: Int, _ outputs: Int) -> Double {
        convolution(area, inputs, outputs) + convolution(area, outputs, outputs)
            + (inputs == outputs ? 0 : productOperations(area, inputs, outputs))
    }

    private func middle(_ area: Int, _ channels: Int) -> Double {
        2 * residual(area, channels, channels) + productOperations(area, channels, 4 * channels)
            + attentionOperations(area, area, width: channels)
    }
}

/// The language model.
package struct LanguageModelOperations {
    private let configuration: LanguageModelConfiguration

    package init(_ configuration: LanguageModelConfiguration) { self.configuration = configuration }

    /// Weights of the layers' products, and of the head.
    private var layerWeights: Int {
        let (hidden, inner) = (configuration.hiddenSize, configuration.intermediateSize)
        let keyValue = configuration.keyValueHeadCount * configuration.headSize
        return hidden * (2 * hidden + 2 * keyValue + 3 * inner)
    }
    private var headWeights: Int { configuration.hiddenSize * configuration.vocabularySize }

    /// Sequences that are read from their beginning, each token seeing those before it and itself.
    ///
    /// - Parameter scored: tokens whose scores over the vocabulary are computed.
    package func reading(_ lengths: [Int], scored: Int) -> Double {
        let products = lengths.reduce(0, +) * configuration.layerCount
        let seen = lengths.map { Double($0) * Double($0 + 1) / 2 }.reduce(0, +)
        return 2 * Double(products) * Double(layerWeights) + 2 * Double(scored) * Double(headWeights)
            + 4 * Double(configuration.layerCount) * seen * Double(configuration.hiddenSize)
    }

    /// Bytes that one token reads: every weight of a product, and the keys and values of the cache.
    package func bytesOfToken(cached: Int, _ numbers: ModelNumbers) -> Double {
        let keyValue = 2 * configuration.keyValueHeadCount * configuration.headSize * configuration.layerCount
        return Double(configuration.layerCount) * Double(layerWeights) * numbers.bytesOfLayer
            + Double(headWeights) * numbers.bytesOfHead + Double(cached * keyValue * numbers.dtype.byteCount)
    }
}

/// The vision tower.
package struct VisionOperations {
    private let configuration: VisionConfiguration

    package init(_ configuration: VisionConfiguration) { self.configuration = configuration }

    /// - Parameters:
    ///   - patches: of the picture.
    ///   - windows: lengths of its attention windows, in patches.
    package func picture(patches: Int, windows: [Int]) -> Double {
        let hidden = configuration.hiddenSize
        let merged = hidden * configuration.mergeSize * configuration.mergeSize
        let tokens = patches / (configuration.mergeSize * configuration.mergeSize)
        let weights = 4 * hidden + 3 * configuration.intermediateSize
        let whole = configuration.fullAttentionBlocks.filter { (0..<configuration.depth).contains($0) }.count
        let windowed = windows.map { attentionOperations($0, $0, width: hidden) }.reduce(0, +)
        return productOperations(patches, configuration.patchValues, hidden)
            + Double(configuration.depth) * productOperations(patches, hidden, weights)
            + Double(whole) * attentionOperations(patches, patches, width: hidden)
            + Double(configuration.depth - whole) * windowed
            + productOperations(tokens, merged, merged + configuration.outputSize)
    }
}
