import CKernels
import Torch

/// Attention by our own kernel, over sequences that lie end to end.
struct AttentionKernel {
    private let query, key, value: Heads
    private let queryLengths, keyLengths: [Int32]
    private let scale: Float
    private let causal, inBytes: Bool

    private static let largestHead = 512
    /// Where there is one query.
    private static let largestDecodedHead = 256

    /// The heads of tokens [T, heads, D] as they lie in memory.
    private struct Heads {
        let tensor: Tensor
        let count, size, tokenStride, headStride: Int

        /// - Parameter tensor: [B, L, heads, D].
        init(_ tensor: Tensor) throws {
            var tensor = tensor
            var strides = tensor.strides
            let shape = tensor.shape
            // Batches must follow each other as tokens do, numbers lie side by side.
            if strides[3] != 1 || shape[0] > 1 && strides[0] != shape[1] * strides[1] {
                tensor = try tensor.contiguous()
                strides = tensor.strides
            }
            self.tensor = tensor
            (count, size, tokenStride, headStride) = (shape[2], shape[3], strides[1], strides[2])
        }
    }

    /// - Parameters:
    ///   - query: [B, L, H, D], key and value [B, S, K, D].
    ///   - queryLengths: of the sequences, B * L tokens in all.
    ///   - keyLengths: B * S tokens in all.
    ///   - inBytes: whether bfloat16 numbers may be multiplied in 8 bits.
    /// - Returns: `nil` when libtorch is to compute.
    init?(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, queryLengths: [Int], keyLengths: [Int], causal: Bool,
        scale: Double?, inBytes: Bool = false
    ) throws {
        guard Kernels.take(query, key, value), (1...Self.largestHead).contains(query.size(3)), key.size(2) > 0,
            query.size(2) % key.size(2) == 0
        else { return nil }
        self.query = try Heads(query)
        self.key = try Heads(key)
        self.value = try Heads(value)
        self.queryLengths = queryLengths.map(Int32.init)
        self.keyLengths = keyLengths.map(Int32.init)
        (self.causal, self.inBytes) = (causal, inBytes)
        self.scale = Float(scale ?? 1 / Double(self.query.size).squareRoot())
    }

    /// [1, T, H * D].
    func callAsFunction() throws -> Tensor {
        let tokens = queryLengths.reduce(0) { $0 + Int($1) }
        let output = try ResultMemory.tensor([1, tokens, query.count * query.size], query.tensor.dtype)
        guard tokens > 0 else { return output }
        if queryLengths == [1], query.size <= Self.largestDecodedHead {
            try decode(into: output)
        } else {
            try attend(into: output)
        }
        return output
    }

    private func attend(into output: Tensor) throws {
        try queryLengths.withUnsafeBufferPointer { queryLengths in
            try keyLengths.withUnsafeBufferPointer { keyLengths in
                var sizes = kernels_attention(
                    sequences: Int32(queryLengths.count), query_lengths: queryLengths.baseAddress,
                    key_lengths: keyLengths.baseAddress, heads: Int32(query.count), key_heads: Int32(key.count),
                    head_size: Int32(query.size), query_stride: query.tokenStride, query_head_stride: query.headStride,
                    key_stride: key.tokenStride, key_head_stride: key.headStride, value_stride: value.tokenStride,
                    value_head_stride: value.headStride, scale: scale, causal: causal)
                switch query.tensor.dtype {
                case .bfloat16:
                    let size = inBytes ? kernels_attention_int8_scratch : kernels_attention_bfloat16_scratch
                    let kernel = inBytes ? kernels_attention_int8 : kernels_attention_bfloat16
                    let scratch = try KernelScratch.borrow(size(&sizes))
                    try kernel(
                        &sizes, query.tensor.elements(UInt16.self), key.tensor.elements(UInt16.self),
                        value.tensor.elements(UInt16.self), output.elements(UInt16.self), scratch)
                default:
                    let scratch = try KernelScratch.borrow(kernels_attention_float32_scratch(&sizes))
                    try kernels_attention_float32(
                        &sizes, query.tensor.elements(Float.self), key.tensor.elements(Float.self),
                        value.tensor.elements(Float.self), output.elements(Float.self), scratch)
                }
            }
        }
    }

    /// One query: it sees every key, causal or not.
    private func decode(into output: Tensor) throws {
        var sizes = kernels_decoding(
            keys: keyLengths[0], heads: Int32(query.count), key_heads: Int32(key.count), head_size: Int32(query.size),
            key_stride: key.tokenStride, key_head_stride: key.headStride, value_stride: value.tokenStride,
            value_head_stride: value.headStride, scale: scale)
        let scratch = try KernelScratch.borrow(kernels_decoding_scratch(&sizes))
        let query = try query.headStride == query.size ? query.tensor : query.tensor.contiguous()
        switch query.dtype {
        case .bfloat16:
            try kernels_decoding_bfloat16(
                &sizes, query.elements(UInt16.self), key.tensor.elements(UInt16.self),
                value.tensor.elements(UInt16.self), output.elements(UInt16.self), scratch)
        default:
            try kernels_decoding_float32(
                &sizes, query.elements(Float.self), key.tensor.elements(Float.self), value.tensor.elements(Float.self),
                output.elements(Float.self), scratch)
        }
    }
}
