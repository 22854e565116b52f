import Torch

/// Scaled dot-product attention in the order B L H D: query [B, L, H, D], key and value [B, S, K, D] where K
/// divides H, result [B, L, H * D].
///
/// - Parameters:
///   - keyLength: where B is 1, how many of the S tokens there are; the others are memory for later ones.
///   - causal: the queries are the last L of the tokens, and see themselves and what is before them.
package func attention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, keyLength: Int? = nil, causal: Bool = false,
    scale: Double? = nil
) throws -> Tensor {
    let (batch, length, room) = (query.size(0), query.size(1), key.size(1))
    let keyLength = keyLength ?? room
    let kernel = try AttentionKernel(
        query, key, value, queryLengths: Array(repeating: length, count: batch),
        keyLengths: Array(repeating: keyLength, count: batch), causal: causal, scale: scale)
    if let kernel { return try batch == 1 ? kernel() : kernel().reshaped(batch, length, -1) }
    guard keyLength < room else { return try libtorchAttention(query, key, value, causal: causal, scale: scale) }
    return try libtorchAttention(
        query, key.narrowed(1, 0..<keyLength), value.narrowed(1, 0..<keyLength), causal: causal, scale: scale)
}

/// Attention within each of the sequences that lie end to end in query [1, T, H, D], key and value [1, T, K, D]; result
/// [1, T, H * D].
///
/// - Parameter inBytes: whether the arithmetic may be that of 8 bits, where it is faster.
package func attention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, lengths: [Int], causal: Bool = false, inBytes: Bool = false
) throws -> Tensor {
    let kernel = try AttentionKernel(
        query, key, value, queryLengths: lengths, keyLengths: lengths, causal: causal, scale: nil, inBytes: inBytes)
    if let kernel { return try kernel() }
    return try libtorchAttention(query, key, value, lengths: lengths, causal: causal)
}

/// Neighbours of one length are one call: of many short sequences each call would cost more than its arithmetic.
private func libtorchAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, lengths: [Int], causal: Bool
) throws -> Tensor {
    let runs = lengths.filter { $0 > 0 }.reduce(into: [(length: Int, count: Int)]()) { runs, length in
        if let last = runs.last, last.length == length {
            runs[runs.count - 1].count += 1
        } else {
            runs.append((length, 1))
        }
    }
    let sizes = runs.map { $0.length * $0.count }
    let parts = try (query.split(sizes, 1), key.split(sizes, 1), value.split(sizes, 1))
    let attended = try runs.enumerated().map { index, run in
        func sequences(_ part: Tensor) throws -> Tensor {
            try part.reshaped(run.count, run.length, part.size(2), part.size(3))
        }
        return try libtorchAttention(
            sequences(parts.0[index]), sequences(parts.1[index]), sequences(parts.2[index]), causal: causal
        ).reshaped(1, sizes[index], -1)
    }
    return try Tensor.concatenated(attended, 1)
}

/// [B, L, H, D] to [B, L, H * D].
private func libtorchAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, causal: Bool, scale: Double? = nil
) throws -> Tensor {
    let (heads, length) = (query.size(2), query.size(1))
    let group = heads / max(key.size(2), 1)
    let seesAll = !causal || length == 1
    if group > 1, length == 1 {
        // The heads of a group stand as the queries of one head: a long key is read where it lies.
        let grouped = try query.reshaped(query.size(0), key.size(2), group, -1)  // [B, K, H / K, D]
        return try grouped.attention(key.transposed(1, 2), value.transposed(1, 2), scale: scale)
            .reshaped(query.size(0), 1, -1)
    }
    // One kernel serves both cases when heads agree; grouped heads would fall back to a slow path on the CPU.
    let sharedKey = group > 1 ? try key.repeatInterleaved(group, 2) : key  // [B, S, H, D]
    let sharedValue = group > 1 ? try value.repeatInterleaved(group, 2) : value  // [B, S, H, D]
    // libtorch's own causal mask starts in the first column, whatever stands before the queries.
    let earlier = key.size(1) - length
    let mask = seesAll || earlier == 0 ? nil : try causalMask(length, after: earlier, key.device)
    let result = try query.transposed(1, 2).attention(
        sharedKey.transposed(1, 2), sharedValue.transposed(1, 2), mask: mask, causal: !seesAll && earlier == 0,
        scale: scale)
    return try result.transposed(1, 2).reshaped(query.size(0), length, heads * query.size(3))
}

/// [L, earlier + L], true where attention is allowed.
private func causalMask(_ count: Int, after earlier: Int, _ device: Device) throws -> Tensor {
    let width = earlier + count
    var allowed = [Bool](repeating: false, count: count * width)
    for row in 0..<count {
        for column in 0...earlier + row { allowed[row * width + column] = true }
    }
    return try Tensor(allowed, [count, width]).to(device)
}
