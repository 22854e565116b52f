import Diffusion
import QwenVL
import Torch

/// The most that a run holds in memory at each stage, in bytes. On the CPU.
struct MemoryForecast {
    let shape: RunShape
    let transformer, languageModel, autoencoder: PartFootprint
    let configuration: TransformerConfiguration
    let autoencoderChannels: Int
    let dtype: DType
    /// Of program and libraries.
    let programBytes: Int

    /// What an allocator keeps beside what is used, at most.
    private static let allocatorSlack = 150_000_000
    /// Copies of the widest feature map that are there at once, of which some are strips.
    private static let featureMaps = 3.1
    /// Strips and scratch memory of the autoencoder.
    private static let autoencoderScratch = 80_000_000
    /// Buffers that blocks are read into.
    private static let buffers = 2

    /// The stages in which memory rises, in order.
    func stages(readsBlocks: Bool) -> [RunPlan.Stage.Kind: Int] {
        let loaded = programBytes + unmapped(readsBlocks)
        let text = loaded + (readsBlocks ? buffered(languageModel) : languageModel.mapped { !isEmbedding($0) })
        let held = readsBlocks ? loaded : text
        let references = held + autoencoder.mapped(where: isEncoder) + encodingBytes
        let read = held + (shape.references.isEmpty ? 0 : autoencoder.mapped(where: isEncoder))
        let stepWeights = readsBlocks ? buffered(transformer) : transformer.mapped(where: isTransformerUsed)
        let steps = read + stepWeights + activationBytes
        let drawn = read + (readsBlocks ? 0 : stepWeights)
        let pixels = drawn + autoencoder.mapped { !isEncoder($0) } + pictureBytes(shape.drawn)
        return [
            .load: loaded, .text: text, .references: shape.references.isEmpty ? 0 : references, .steps: steps,
            .pixels: pixels,
        ]
    }

    /// The most of all stages.
    func peak(readsBlocks: Bool) -> Int { stages(readsBlocks: readsBlocks).values.max() ?? 0 }

    /// What lies in memory of its own from the beginning.
    private func unmapped(_ readsBlocks: Bool) -> Int {
        [transformer, languageModel, autoencoder].reduce(0) { sum, part in
            let isStreamed = readsBlocks && part !== autoencoder
            return sum
                + part.pieces.reduce(0) { $0 + (!$1.isMapped && !(isStreamed && $1.block != nil) ? $1.bytes : 0) }
        }
    }

    /// Buffers of a part's largest block, and what is packed of it.
    private func buffered(_ part: PartFootprint) -> Int {
        let blocks = part.blocks.values.map { pieces in
            pieces.reduce((stored: 0, packed: 0)) {
                ($0.stored + $1.storedBytes, $0.packed + $1.looseBytes)
            }
        }
        return Self.buffers * (blocks.map(\.stored).max() ?? 0) + (blocks.map(\.packed).max() ?? 0)
    }

    private func isEmbedding(_ piece: PartFootprint.Piece) -> Bool { piece.name.contains("embed_tokens") }
    private func isEncoder(_ piece: PartFootprint.Piece) -> Bool { piece.name.hasPrefix("encoder.") }
    private func isTransformerUsed(_ piece: PartFootprint.Piece) -> Bool {
        !piece.name.hasPrefix("ref_image_") || !shape.references.isEmpty
    }

    /// What a block computes with: its input and that of the first block, norms, sums and what is rounded of them; queries,
    /// keys and values, keys that are turned and both as they are packed; the inner layer and what is rounded of it.
    private var activationBytes: Int {
        let tokens = (shape.steps.map { $0.reduce(0, +) }.max() ?? 0)
        let (hidden, keyValue) = (configuration.hiddenSize, configuration.keyValueHeadCount * configuration.headSize)
        let outer = tokens * (8 * hidden + hidden / 2 + 5 * keyValue)
        let inner = min(tokens, FeedForward.rowsAtOnce) * 2 * configuration.feedForwardSize
        return withSlack((outer + inner) * dtype.byteCount)
    }

    private func withSlack(_ bytes: Int) -> Int { bytes + min(bytes, Self.allocatorSlack) }

    private var encodingBytes: Int { shape.references.map(pictureBytes).max() ?? 0 }

    /// The autoencoder at work on one picture.
    private func pictureBytes(_ size: PictureSize) -> Int {
        let map = Double(size.width * size.height * autoencoderChannels * dtype.byteCount)
        return Int(Self.featureMaps * map) + min(Int(map * 3), Self.autoencoderScratch)
    }
}

extension PartFootprint {
    /// What lies in the files and is read there, of what is used.
    func mapped(where isUsed: (Piece) -> Bool = { _ in true }) -> Int {
        pieces.reduce(0) { $0 + ($1.isMapped && isUsed($1) ? $1.bytes : 0) }
    }
}
