import CKernels
import Foundation
import Testing

/// Sizes, and the numbers of a case. Rows have a gap, to see that strides count.
struct AttentionSample<E: AttentionElement> {
    var queryLengths: [Int]
    var keyLengths: [Int]
    var (heads, keyHeads, headSize) = (2, 1, 40)
    var (scale, causal) = (0.15, false)
    /// Whether it may be computed in 8 bits.
    var inBytes = false
    var query: [E] = []
    var key: [E] = []
    var value: [E] = []

    static var gap: Int { 3 }
    var queryStride: Int { heads * headSize + Self.gap }
    var keyStride: Int { keyHeads * headSize + Self.gap }

    init(
        _ queryLengths: [Int], _ keyLengths: [Int]? = nil, heads: Int = 2, keyHeads: Int = 1, headSize: Int = 40,
        causal: Bool = false, spread: Double = 1
    ) {
        self.queryLengths = queryLengths
        self.keyLengths = keyLengths ?? queryLengths
        (self.heads, self.keyHeads, self.headSize, self.causal) = (heads, keyHeads, headSize, causal)
        var random = Normal(seed: queryLengths.reduce(headSize, +))
        query = random.array(queryLengths.reduce(0, +) * queryStride, spread)
        key = random.array(self.keyLengths.reduce(0, +) * keyStride, spread)
        value = random.array(self.keyLengths.reduce(0, +) * keyStride)
    }

    func run(_ instructions: InstructionSet, threads: Int32? = nil) -> [E] {
        let tokens = queryLengths.reduce(0, +)
        var output = [E](repeating: E(rounding: Double.nan), count: tokens * heads * headSize)
        let (queries, keys) = (queryLengths.map(Int32.init), keyLengths.map(Int32.init))
        queries.withUnsafeBufferPointer { queries in
            keys.withUnsafeBufferPointer { keys in
                var sizes = kernels_attention(
                    sequences: Int32(queries.count), query_lengths: queries.baseAddress,
                    key_lengths: keys.baseAddress, heads: Int32(heads), key_heads: Int32(keyHeads),
                    head_size: Int32(headSize), query_stride: queryStride, query_head_stride: headSize,
                    key_stride: keyStride, key_head_stride: headSize, value_stride: keyStride,
                    value_head_stride: headSize, scale: Float(scale), causal: causal)
                let kept = with(instructions, threads: threads) {
                    E.attend(&sizes, query, key, value, &output, inBytes: inBytes)
                }
                #expect(kept == true, "scratch memory is overrun")
            }
        }
        return output
    }

    /// Row-major [T, H * D].
    func expected() -> [Double] {
        var result: [Double] = []
        var (firstQuery, firstKey) = (0, 0)
        for (queries, keys) in zip(queryLengths, keyLengths) {
            for place in 0..<queries {
                let seen = causal ? keys - queries + place + 1 : keys
                for head in 0..<heads { result += row(firstQuery + place, head, firstKey..<firstKey + seen) }
            }
            (firstQuery, firstKey) = (firstQuery + queries, firstKey + keys)
        }
        return result
    }

    private func row(_ token: Int, _ head: Int, _ keys: Range<Int>) -> [Double] {
        let column = head / (heads / keyHeads) * headSize
        let scores = keys.map { key in
            scale
                * (0..<headSize).reduce(0) { sum, i in
                    sum + query[token * queryStride + head * headSize + i].value
                        * self.key[key * keyStride + column + i].value
                }
        }
        let top = scores.max() ?? 0
        let weights = scores.map { exp($0 - top) }
        let total = weights.reduce(0, +)
        return (0..<headSize).map { i in
            zip(keys, weights).reduce(0) { $0 + $1.1 * value[$1.0 * keyStride + column + i].value } / total
        }
    }
}

/// The kernels of a number type.
protocol AttentionElement: Element {
    /// Whether the scratch memory was enough.
    static func attend(
        _ sizes: inout kernels_attention, _ query: [Self], _ key: [Self], _ value: [Self], _ output: inout [Self],
        inBytes: Bool
    ) -> Bool
    static func decode(
        _ sizes: inout kernels_decoding, _ query: [Self], _ key: [Self], _ value: [Self], _ output: inout [Self]
    ) -> Bool
}

extension UInt16: AttentionElement {
    static func attend(
        _ sizes: inout kernels_attention, _ query: [UInt16], _ key: [UInt16], _ value: [UInt16],
        _ output: inout [UInt16], inBytes: Bool
    ) -> Bool {
        guard inBytes else {
            return withScratch(kernels_attention_bfloat16_scratch(&sizes)) {
                kernels_attention_bfloat16(&sizes, query, key, value, &output, $0)
            }
        }
        return withScratch(kernels_attention_int8_scratch(&sizes)) {
            kernels_attention_int8(&sizes, query, key, value, &output, $0)
        }
    }

    static func decode(
        _ sizes: inout kernels_decoding, _ query: [UInt16], _ key: [UInt16], _ value: [UInt16],
        _ output: inout [UInt16]
    ) -> Bool {
        withScratch(kernels_decoding_scratch(&sizes)) {
            kernels_decoding_bfloat16(&sizes, query, key, value, &output, $0)
        }
    }
}

extension Float: AttentionElement {
    static func attend(
        _ sizes: inout kernels_attention, _ query: [Float], _ key: [Float], _ value: [Float], _ output: inout [Float],
        inBytes: Bool
    ) -> Bool {
        withScratch(kernels_attention_float32_scratch(&sizes)) {
            kernels_attention_float32(&sizes, query, key, value, &output, $0)
        }
    }

    static func decode(
        _ sizes: inout kernels_decoding, _ query: [Float], _ key: [Float], _ value: [Float], _ output: inout [Float]
    ) -> Bool {
        withScratch(kernels_decoding_scratch(&sizes)) {
            kernels_decoding_float32(&sizes, query, key, value, &output, $0)
        }
    }
}
