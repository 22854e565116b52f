import Layers
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Self-attention within windows, or within whole pictures.
private struct VisionAttention {
    let queryKeyValue, output: Linear
    let headSize: Int

    init(_ w: Weights, _ configuration: VisionConfiguration) throws {
        let hidden = configuration.hiddenSize
        queryKeyValue = try Linear(w["qkv"], hidden, 3 * hidden, initial: .normal(0.02))
        output = try Linear(w["proj"], hidden, hidden, initial: .normal(0.02))
        headSize = configuration.headSize
    }

    /// What attention over x makes, added to `residual`; [T, D].
    func callAsFunction(_ x: PackedTokens, _ rotate: HalfRotation, addedTo residual: Tensor) throws -> Tensor {
        let count = x.tokens.size(0)
        let parts = try queryKeyValue(x.tokens).chunks(3, 1).map { try $0.reshaped(1, count, -1, headSize) }
        let (query, key) = (try rotate(parts[0]), try rotate(parts[1]))
        let attended = try attention(query, key, parts[2], lengths: x.lengths)
        return try output(attended.reshaped(count, -1), addedTo: residual)
    }
}

private struct VisionBlock {
    let attentionNorm, feedForwardNorm: RMSNorm
    let attention: VisionAttention
    let feedForward: GatedFeedForward

    init(_ w: Weights, _ configuration: VisionConfiguration) throws {
        let hidden = configuration.hiddenSize
        attentionNorm = try RMSNorm(w["norm1"], hidden, epsilon: VisionTower.normEpsilon)
        attention = try VisionAttention(w["attn"], configuration)
        feedForwardNorm = try RMSNorm(w["norm2"], hidden, epsilon: VisionTower.normEpsilon)
        feedForward = try GatedFeedForward(w["mlp"], hidden, configuration.intermediateSize, bias: true)
    }

    func callAsFunction(_ x: PackedTokens, _ rotate: HalfRotation) throws -> Tensor {
        let middle = try attention(x.replacing(attentionNorm(x.tokens)), rotate, addedTo: x.tokens)
        return try feedForward(feedForwardNorm(middle), addedTo: middle)
    }
}

/// The seeing half of Qwen2.5-VL: patches of pixels to features the language model reads.
///
/// Source: `Qwen2_5_VisionTransformerPretrainedModel` of `transformers` 4.51.3.
package struct VisionTower {
    static let normEpsilon = 1e-6
    private static let theta = 10000.0

    package let configuration: VisionConfiguration
    /// Pixels a picture is brought within before it is looked at.
    package let pixelRange: ClosedRange<Int>
    private let patchEmbedding: Tensor  // [hidden, patch values]
    private let blocks: BlockStack<VisionBlock>
    private let mergeNorm: RMSNorm
    private let mergeFirst, mergeSecond: Linear

    package init(
        _ w: Weights, _ configuration: VisionConfiguration,
        pixelRange: ClosedRange<Int> = ImageProcessor.defaultPixelRange
    ) throws {
        self.configuration = configuration
        self.pixelRange = pixelRange
        let (hidden, patch) = (configuration.hiddenSize, configuration.patchSize)
        // A convolution whose stride is its kernel is a linear layer on the patch.
        patchEmbedding = try w["patch_embed"]["proj"].tensor(
            "weight", hidden, configuration.inChannels, configuration.temporalPatchSize, patch, patch,
            initial: .normal(0.02)
        ).reshaped(hidden, configuration.patchValues)
        blocks = try w["blocks"].blocks(configuration.depth) { try VisionBlock($0, configuration) }
        let merged = hidden * configuration.mergeSize * configuration.mergeSize
        mergeNorm = try RMSNorm(w["merger"]["ln_q"], hidden, epsilon: Self.normEpsilon)
        mergeFirst = try Linear(w["merger"]["mlp"][0], merged, merged, initial: .normal(0.02))
        mergeSecond = try Linear(w["merger"]["mlp"][2], merged, configuration.outputSize, initial: .normal(0.02))
    }

    /// Features of pictures, [merged patches, out]; `pixels` [patches, patch values] in the order the
    /// preprocessing gives: squares of merged patches, row by row.
    package func callAsFunction(
        _ pixels: Tensor, _ grids: [PatchGrid], observe: (String, Tensor) -> Void = { _, _ in }
    ) throws -> Tensor {
        let unit = configuration.mergeSize * configuration.mergeSize
        let windows = VisionWindows(grids, window: configuration.windowPatches, merge: configuration.mergeSize)
        let embedded = try pixels.to(patchEmbedding.dtype).linear(patchEmbedding, nil)
        observe("patch_embed", embedded)

        let order = windows.order.flatMap { square in (0..<unit).map { square * unit + $0 } }
        let angles = Self.angles(grids, configuration)
        let rotation = try HalfRotation(
            angles: order.flatMap { angles[$0] }, rows: order.count, device: embedded.device)
        var x = try embedded.gathered(0, Tensor(order, [order.count]).to(embedded.device))
        try blocks.forEach { index, block in
            let whole = configuration.fullAttentionBlocks.contains(index)
            x = try block(PackedTokens(x, lengths: whole ? grids.map(\.count) : windows.lengths), rotation)
            observe("block\(index)", x)
        }
        let merged = try mergeSecond(mergeFirst(mergeNorm(x).reshaped(windows.order.count, -1)).gelu())
        var inverse = [Int](repeating: 0, count: windows.order.count)
        for (place, square) in windows.order.enumerated() { inverse[square] = place }
        return try merged.gathered(0, Tensor(inverse, [inverse.count]).to(merged.device))
    }

    /// Rotary angles of each patch, in the order of the pixels: row frequencies, then column frequencies.
    package static func angles(_ grids: [PatchGrid], _ configuration: VisionConfiguration) -> [[Double]] {
        let (merge, quarter) = (configuration.mergeSize, configuration.headSize / 4)
        let frequencies = (0..<quarter).map { pow(theta, -Double($0) / Double(quarter)) }
        var angles: [[Double]] = []
        for grid in grids {
            for top in stride(from: 0, to: grid.rows, by: merge) {
                for left in stride(from: 0, to: grid.columns, by: merge) {
                    for row in top..<top + merge {
                        for column in left..<left + merge {
                            angles.append(
                                frequencies.map { $0 * Double(row) } + frequencies.map { $0 * Double(column) })
                        }
                    }
                }
            }
        }
        return angles
    }
}
