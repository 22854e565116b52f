import Layers
import Torch

/// What a model takes in memory, before it is loaded.
enum MemoryEstimate {
    /// Program, libtorch, the autoencoder and what is computed with at 1024x1024.
    static let work = 1_800_000_000
}

extension ModelFolder {
    /// Bytes of the transformer and the multimodal model when all their blocks are kept.
    func residentBytes(_ dtype: DType) throws -> Int {
        try [Part.transformer, .mllm].reduce(0) { sum, part in
            let tensors = try tensors(part)
            let entries = tensors.names.compactMap { tensors[$0]?.entry }
            if try PackedSource.storage(of: tensors) != nil {
                return sum + entries.reduce(0) { $0 + $1.byteRange.count }
            }
            let numbers = entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
            return sum + Int(Double(numbers) * bytesOfNumber(dtype))
        }
    }

    /// On the average; layers that are not rounded are one in ten.
    private func bytesOfNumber(_ dtype: DType) -> Double {
        let wide = Double(dtype.byteCount)
        return switch quantization {
        case nil: wide
        case .int8: 0.9 + 0.1 * wide
        case .int4: 0.9 * 0.53 + 0.1 * wide
        }
    }
}
