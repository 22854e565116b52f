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
        /// Numbers that are packed when the piece is read.
        let numbersToPack: Int
        /// Whether it lies in the files as it is needed: what nothing reads then takes no memory.
        let isMapped: Bool
        let block: String?
    }

    let pieces: [Piece]

    init(pieces: [Piece]) { self.pieces = pieces }

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
        _ = try shapes(part, counting, tensors, dtype, device)
        return PartFootprint(
            pieces: counting.requests.map { request in
                let entries = request.names.compactMap { checkpoint?[$0]?.entry ?? tensors[$0]?.entry }
                let packs = request.packedNumbers > 0 && !isPacked
                return PartFootprint.Piece(
                    name: request.names.first ?? "", bytes: request.bytes,
                    storedBytes: isPacked && request.packedNumbers > 0
                        ? request.bytes : entries.reduce(0) { $0 + $1.byteRange.count },
                    numbersToPack: packs ? request.packedNumbers : 0,
                    isMapped: !packs && entries.allSatisfy { DType($0.elementType) == dtype }, block: request.block)
            })
    }

    /// The tensors of the transformer under the names and in the shapes that it asks for, however its files hold them.
    func transformerShapes(_ dtype: DType, _ device: Device) throws -> ShapeSource {
        let tensors = try tensors(.transformer)
        let isPacked = try PackedSource.storage(of: tensors) != nil
        let source: any WeightSource =
            isPacked ? try PackedSource(tensors) : try CheckpointPart(.transformer, tensors).shapes()
        return ShapeSource(
            try shapes(.transformer, CountingSource(source, dtype), tensors, dtype, device), origin: source.origin)
    }

    /// What a part asks for when it is built of tensors without numbers.
    private func shapes(
        _ part: Part, _ source: CountingSource, _ tensors: SafetensorsFolder, _ dtype: DType, _ device: Device
    ) throws -> [String: [Int]] {
        // On the CPU whatever the device: there, tensors without numbers take no memory.
        let weights = Weights(source, dtype: dtype, storage: try storage(part, tensors, dtype, device))
        switch part {
        case .transformer: _ = try Transformer(weights, transformerConfiguration())
        case .vae: _ = try Autoencoder(weights, autoencoderConfiguration())
        case .mllm: _ = try LanguageModel(weights, languageModelConfiguration())
        }
        return weights.shapes
    }
}
