import Diffusion
import Layers
import QwenVL
import Torch

/// What a part of a model takes, learnt by building it without its numbers.
final class PartFootprint {
    struct Piece {
        let name: String
        /// In memory.
        let bytes: Int
        /// In its files.
        let storedBytes: Int
        /// What is packed of it where its block is read when it is its turn.
        let looseBytes: Int
        /// Numbers that are packed when the piece is read.
        let numbersToPack: Int
        /// Whether it lies in the files as it is needed: what nothing reads then takes no memory.
        let isMapped: Bool
        let block: String?
    }

    /// Of every tensor that the part asks for, by its published name, however its files hold it.
    let shapes: [String: [Int]]
    let pieces: [Piece]

    init(shapes: [String: [Int]], pieces: [Piece]) { (self.shapes, self.pieces) = (shapes, pieces) }

    /// Those of each block, by its name.
    var blocks: [String: [Piece]] { Dictionary(grouping: pieces.filter { $0.block != nil }) { $0.block ?? "" } }

    var numbersToPack: Int { pieces.reduce(0) { $0 + $1.numbersToPack } }
}

extension ModelFolder {
    /// What drawing needs of a part.
    ///
    /// - Throws: as loading it does, for what is wrong with names, shapes and configuration.
    func footprint(_ part: Part, _ dtype: DType, _ device: Device) throws -> PartFootprint {
        let tensors = try tensors(part)
        let isPacked = try PackedSource.storage(of: tensors) != nil
        let checkpoint = isPacked ? nil : try CheckpointPart(part, tensors)
        let counting = CountingSource(try checkpoint?.shapes() ?? PackedSource(tensors), dtype)
        // On the CPU whatever the device: there, tensors without numbers take no memory.
        let weights = Weights(counting, dtype: dtype, storage: try storage(part, tensors, dtype, device))
        switch part {
        case .transformer: _ = try Transformer(weights, transformerConfiguration())
        case .vae: _ = try Autoencoder(weights, autoencoderConfiguration())
        case .mllm: _ = try LanguageModel(weights, languageModelConfiguration())
        }
        return PartFootprint(
            shapes: weights.shapes,
            pieces: counting.requests.map { request in
                let entries = request.names.compactMap { checkpoint?[$0]?.entry ?? tensors[$0]?.entry }
                let packs = request.packedNumbers > 0 && !isPacked
                return PartFootprint.Piece(
                    name: request.names.first ?? "", bytes: request.bytes,
                    storedBytes: isPacked && request.packedNumbers > 0
                        ? request.bytes : entries.reduce(0) { $0 + $1.byteRange.count },
                    looseBytes: packs ? request.looseBytes : 0, numbersToPack: packs ? request.packedNumbers : 0,
                    isMapped: !packs && entries.allSatisfy { DType($0.elementType) == dtype }, block: request.block)
            })
    }
}
