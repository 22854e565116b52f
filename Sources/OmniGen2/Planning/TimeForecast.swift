import Diffusion
import Layers

/// How long each stage of a run takes, in seconds, on a machine that was measured.
struct TimeForecast {
    let memory: MemoryForecast
    let speed: MachineSpeed
    let languageLayerCount: Int
    let autoencoder: AutoencoderConfiguration

    private var shape: RunShape { memory.shape }
    private var configuration: TransformerConfiguration { memory.configuration }

    func stages(readsBlocks: Bool) -> [RunPlan.Stage.Kind: Double] {
        let (transformer, languageModel) = (memory.transformer, memory.languageModel)
        let loading = [transformer, languageModel].reduce(0.0) { sum, part in
            sum + (readsBlocks ? 0 : packing(part) + reading(part.pieces.filter { !$0.isMapped }))
        }
        // What is mapped is brought in when it is first used.
        func fetching(_ part: PartFootprint) -> Double {
            readsBlocks ? 0 : reading(part.pieces.filter(\.isMapped))
        }
        let steps = shape.steps.map { step($0) + (readsBlocks && !$0.isEmpty ? streaming(transformer) : 0) }
        let text = shape.texts.reduce(0) {
            $0 + Double(languageLayerCount) * speed.languageLayer.seconds($1)
                + (readsBlocks ? streaming(languageModel) : 0)
        }
        return [
            .load: speed.start + loading, .text: text + fetching(languageModel),
            .references: shape.references.reduce(0) { $0 + picture($1, speed.encoder) },
            .steps: steps.reduce(0, +) + fetching(transformer),
            .pixels: Double(shape.count) * picture(shape.drawn, speed.decoder),
        ]
    }

    private func packing(_ part: PartFootprint) -> Double { Double(part.numbersToPack) / speed.packingRate }

    private func reading(_ pieces: [PartFootprint.Piece]) -> Double {
        Double(pieces.reduce(0) { $0 + $1.storedBytes }) / speed.readingRate
    }

    /// Reading all blocks of a part once more, beside computing.
    private func streaming(_ part: PartFootprint) -> Double {
        reading(part.pieces.filter { $0.block != nil }) + packing(part)
    }

    /// One step, of the sequences whose layers run.
    private func step(_ sequences: [Int]) -> Double {
        guard !sequences.isEmpty else { return 0 }
        let images = Array(repeating: shape.imageTokens, count: shape.count)
        let refiners = blocks(images) + (shape.referenceTokens.isEmpty ? 0 : blocks(shape.referenceTokens))
        return Double(configuration.layerCount) * blocks(sequences)
            + Double(configuration.refinerLayerCount) * refiners
    }

    /// A block over sequences.
    private func blocks(_ lengths: [Int]) -> Double {
        let attention = lengths.reduce(0.0) {
            $0 + attentionOperations($1, $1, width: configuration.hiddenSize)
        }
        return speed.block.seconds(lengths.reduce(0, +)) + attention / speed.attentionRate
    }

    /// The autoencoder over a picture.
    private func picture(_ size: PictureSize, _ layers: LayerSpeed) -> Double {
        let pixels = size.width * size.height
        let places = pixels / (autoencoder.scaleFactor * autoencoder.scaleFactor)
        let attention = attentionOperations(places, places, width: autoencoder.blockOutChannels.last ?? 1)
        return layers.seconds(pixels) + attention / speed.autoencoderAttentionRate
    }
}
