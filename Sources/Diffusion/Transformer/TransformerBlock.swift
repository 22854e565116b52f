import Layers
import Torch

/// Self-attention within each sequence, with normalised queries and keys and grouped key and value heads.
///
/// Source: `omnigen2/models/attention_processor.py`.
package struct SelfAttention {
    let projections: JoinedLinear  // query, key, value
    let output: Linear
    let queryNorm, keyNorm: RMSNorm
    let headSize: Int

    /// The original fixes this, whatever `norm_eps` says.
    private static let normEpsilon = 1e-5

    init(_ w: Weights, _ configuration: TransformerConfiguration) throws {
        let hidden = configuration.hiddenSize
        headSize = configuration.headSize
        let keyValueSize = configuration.keyValueHeadCount * headSize
        projections = try JoinedLinear(
            w, [("to_q", hidden), ("to_k", keyValueSize), ("to_v", keyValueSize)], hidden, bias: false)
        output = try Linear(w["to_out"][0], hidden, hidden, bias: false)
        queryNorm = try RMSNorm(w["norm_q"], headSize, epsilon: Self.normEpsilon)
        keyNorm = try RMSNorm(w["norm_k"], headSize, epsilon: Self.normEpsilon)
    }

    package func callAsFunction(_ x: PackedTokens, _ positions: RotaryPositions) throws -> Tensor {
        let count = x.tokens.size(0)
        let heads = try projections.heads(x.tokens, size: headSize)  // [1, T, H or K, D]
        let query = try positions.rotatePairs(heads[0], after: queryNorm)
        let key = try positions.rotatePairs(heads[1], after: keyNorm)
        let value = heads[2]
        // Where rounding what comes in is good enough, so is rounding what comes out.
        let attended = try attention(query, key, value, lengths: x.lengths, inBytes: projections.isInBytes)
        return try output(attended.reshaped(count, -1))
    }
}

/// W2 (silu(W1 x) * W3 x).
///
/// Source: `LuminaFeedForward` of `omnigen2/models/transformers/block_lumina2.py`.
package struct FeedForward {
    let gated: GatedLinear
    let down: Linear

    init(_ w: Weights, _ configuration: TransformerConfiguration) throws {
        let (hidden, inner) = (configuration.hiddenSize, configuration.feedForwardSize)
        gated = try GatedLinear(w, gate: "linear_1", up: "linear_3", hidden, inner, bias: false)
        down = try Linear(w["linear_2"], inner, hidden, bias: false)
    }

    /// Of more rows the inner layer, four times as wide as all else, is made a part at a time.
    package static let rowsAtOnce = 2048

    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        let ranges = Self.ranges(x.size(0))
        // Without numbers it is calibrated with all rows, as `down` sees to by itself.
        if ranges.count > 1, gated.isFilled,
            let output = try down(inParts: ranges, { try gated(x.narrowed(0, $0)) })
        {
            return output
        }
        return try down(gated(x))
    }

    /// Rows in parts that are as equal as can be, but for the last, which is the smallest.
    private static func ranges(_ rows: Int) -> [Range<Int>] {
        let count = max((rows + rowsAtOnce - 1) / rowsAtOnce, 1)
        let size = (rows + count - 1) / count
        return (0..<count).map { min(size * $0, rows)..<min(size * ($0 + 1), rows) }
    }
}

/// A transformer block with a norm on either side of attention and feed-forward.
///
/// Source: `OmniGen2TransformerBlock` of `omnigen2/models/transformers/transformer_omnigen2.py`.
package struct TransformerBlock {
    package let attention: SelfAttention
    package let feedForward: FeedForward
    package let attentionNorm: RMSNorm
    let attentionOutputNorm, feedForwardNorm, feedForwardOutputNorm: RMSNorm

    package init(_ w: Weights, _ configuration: TransformerConfiguration, modulated: Bool) throws {
        let (hidden, epsilon) = (configuration.hiddenSize, configuration.normEpsilon)
        attention = try SelfAttention(w["attn"], configuration)
        feedForward = try FeedForward(w["feed_forward"], configuration)
        attentionNorm = try RMSNorm(modulated ? w["norm1"]["norm"] : w["norm1"], hidden, epsilon: epsilon)
        feedForwardNorm = try RMSNorm(w["ffn_norm1"], hidden, epsilon: epsilon)
        attentionOutputNorm = try RMSNorm(w["norm2"], hidden, epsilon: epsilon)
        feedForwardOutputNorm = try RMSNorm(w["ffn_norm2"], hidden, epsilon: epsilon)
    }

    /// x [T, D] with a row of `positions` for each token; `rows` names the row of the modulation each sequence takes, and
    /// may be empty when there is a single one. A block that knows no time has no modulation.
    package func callAsFunction(
        _ x: PackedTokens, _ positions: RotaryPositions, _ modulation: Modulation? = nil, rows: [Int] = []
    ) throws -> PackedTokens {
        guard let modulation else { return try plain(x, positions) }
        func each(_ table: Tensor) -> PerSequence { PerSequence(table, rows: rows) }

        let attended = try attention(x.replacing(modulatedInput(x, modulation, rows: rows)), positions)
        let middle = x.replacing(
            try attentionOutputNorm.added(attended, to: x, gate: each(modulation.attentionGate)))
        let scaled = try feedForwardNorm.scaled(middle, by: each(modulation.feedForwardScale))
        return x.replacing(
            try feedForwardOutputNorm.added(feedForward(scaled), to: middle, gate: each(modulation.feedForwardGate)))
    }

    /// What attention reads: x normed and scaled, [T, D].
    package func modulatedInput(
        _ x: PackedTokens, _ modulation: Modulation, rows: [Int] = []
    ) throws -> Tensor {
        try attentionNorm.scaled(x, by: PerSequence(modulation.attentionScale, rows: rows))
    }

    private func plain(_ x: PackedTokens, _ positions: RotaryPositions) throws -> PackedTokens {
        let attended = try attention(x.replacing(attentionNorm(x.tokens)), positions)
        let middle = x.replacing(try attentionOutputNorm.added(attended, to: x))
        return x.replacing(try feedForwardOutputNorm.added(feedForward(feedForwardNorm(middle.tokens)), to: middle))
    }
}
