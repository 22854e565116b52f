import Torch

/// Scaled dot-product attention in the order B L H D: query [B, L, H, D], key and value [B, S, K, D] where K
/// divides H, result [B, L, H * D]. The seam where a kernel of our own may take over from libtorch.
package func attention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, causal: Bool = false, scale: Double? = nil
) throws -> Tensor {
    let heads = query.size(2)
    let group = heads / max(key.size(2), 1)
    if group > 1, query.size(1) == 1, mask == nil, !causal {
        // The heads of a group stand as the queries of one head: a long key is read where it lies.
        let grouped = try query.reshaped(query.size(0), key.size(2), group, -1)  // [B, K, H / K, D]
        return try grouped.attention(key.transposed(1, 2), value.transposed(1, 2), scale: scale)
            .reshaped(query.size(0), 1, -1)
    }
    // One kernel serves both cases when heads agree; grouped heads would fall back to a slow path on the CPU.
    let sharedKey = group > 1 ? try key.repeatInterleaved(group, 2) : key  // [B, S, H, D]
    let sharedValue = group > 1 ? try value.repeatInterleaved(group, 2) : value  // [B, S, H, D]
    let result = try query.transposed(1, 2).attention(
        sharedKey.transposed(1, 2), sharedValue.transposed(1, 2), mask: mask, causal: causal, scale: scale)
    return try result.transposed(1, 2).reshaped(query.size(0), query.size(1), heads * query.size(3))
}
