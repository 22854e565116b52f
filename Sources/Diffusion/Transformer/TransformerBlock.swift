import Layers
import Torch

/// Self-attention within each sequence, with normalised queries and keys and grouped key and value heads.
///
/// Source: `omnigen2/models/attention_processor.py`.
package struct SelfAttention {
    let query, key, value, output: Linear
    let queryNorm, keyNorm: RMSNorm
    let headSize: Int

    /// The original fixes this, whatever `norm_eps` says.
    private static let normEpsilon = 1e-5

    init(_ w: Weights, _ configuration: TransformerConfiguration) throws {
        let hidden = configuration.hiddenSize
        headSize = configuration.headSize
        let keyValueSize = configuration.keyValueHeadCount * headSize
        query = try Linear(w["to_q"], hidden, hidden, bias: false)
        key = try Linear(w["to_k"], hidden, keyValueSize, bias: false)
        value = try Linear(w["to_v"], hidden, keyValueSize, bias: false)
        output = try Linear(w["to_out"][0], hidden, hidden, bias: false)
        queryNorm = try RMSNorm(w["norm_q"], headSize, epsilon: Self.normEpsilon)
        keyNorm = try RMSNorm(w["norm_k"], headSize, epsilon: Self.normEpsilon)
    }

    package func callAsFunction(_ x: PackedTokens, _ positions: RotaryPositions) throws -> Tensor {
        let count = x.tokens.size(0)
        let query = try positions.rotatePairs(queryNorm(self.query(x.tokens).reshaped(1, count, -1, headSize)))
        let key = try positions.rotatePairs(keyNorm(self.key(x.tokens).reshaped(1, count, -1, headSize)))
        let value = try self.value(x.tokens).reshaped(1, count, -1, headSize)  // [1, T, K, D]
        return try output(attention(query, key, value, lengths: x.lengths).reshaped(count, -1))
    }
}

/// W2 (silu(W1 x) * W3 x).
///
/// Source: `LuminaFeedForward` of `omnigen2/models/transformers/block_lumina2.py`.
package struct FeedForward {
    let gate, down, up: Linear

    init(_ w: Weights, _ configuration: TransformerConfiguration) throws {
        let (hidden, inner) = (configuration.hiddenSize, configuration.feedForwardSize)
        gate = try Linear(w["linear_1"], hidden, inner, bias: false)
        down = try Linear(w["linear_2"], inner, hidden, bias: false)
        up = try Linear(w["linear_3"], hidden, inner, bias: false)
    }

    package func callAsFunction(_ x: Tensor) throws -> Tensor { try down(gate(x).silu() * up(x)) }
}

/// A transformer block with a norm on either side of attention and feed-forward.
///
/// Source: `OmniGen2TransformerBlock` of `omnigen2/models/transformers/transformer_omnigen2.py`.
package struct TransformerBlock {
    package let attention: SelfAttention
    package let feedForward: FeedForward
    package let attentionNorm: RMSNorm
    let attentionOutputNorm, feedForwardNorm, feedForwardOutputNorm: RMSNorm
    let modulation: Linear?

    package init(_ w: Weights, _ configuration: TransformerConfiguration, modulated: Bool) throws {
        let (hidden, epsilon) = (configuration.hiddenSize, configuration.normEpsilon)
        attention = try SelfAttention(w["attn"], configuration)
        feedForward = try FeedForward(w["feed_forward"], configuration)
        attentionNorm = try RMSNorm(modulated ? w["norm1"]["norm"] : w["norm1"], hidden, epsilon: epsilon)
        modulation =
            modulated
            ? try Linear(w["norm1"]["linear"], configuration.timeSize, 4 * hidden, initial: .zeros) : nil
        feedForwardNorm = try RMSNorm(w["ffn_norm1"], hidden, epsilon: epsilon)
        attentionOutputNorm = try RMSNorm(w["norm2"], hidden, epsilon: epsilon)
        feedForwardOutputNorm = try RMSNorm(w["ffn_norm2"], hidden, epsilon: epsilon)
    }

    /// What the times [R, timeSize] do to this block; `nil` for a block without modulation.
    package func modulate(_ time: Tensor) throws -> Modulation? { try modulation.map { try Modulation($0, time) } }

    /// x [T, D] with a row of `positions` for each token; `rows` names the row of `time` [R, timeSize] each sequence
    /// takes.
    package func callAsFunction(
        _ x: PackedTokens, _ positions: RotaryPositions, time: Tensor? = nil, rows: [Int] = []
    ) throws -> PackedTokens {
        guard let time, let modulation = try modulate(time) else { return try plain(x, positions) }
        return try self(x, positions, modulation, rows: rows)
    }

    /// The same with a modulation that is there already; `rows` may be empty when it has a single row.
    package func callAsFunction(
        _ x: PackedTokens, _ positions: RotaryPositions, _ modulation: Modulation, rows: [Int] = []
    ) throws -> PackedTokens {
        let sequence = PerSequence(rows: rows)
        func spread(_ table: Tensor) throws -> Tensor { try sequence.spread(table, over: x) }

        let normed = try modulatedInput(x, modulation, rows: rows)
        let attended = try attention(x.replacing(normed), positions)
        let middle = try x.tokens + spread(modulation.attentionGate.tanh()) * attentionOutputNorm(attended)
        let scaled = try feedForwardNorm(middle) * (spread(modulation.feedForwardScale) + 1)
        let gate = try spread(modulation.feedForwardGate.tanh())
        return x.replacing(try middle + gate * feedForwardOutputNorm(feedForward(scaled)))
    }

    /// What attention reads: x normed and scaled, [T, D].
    package func modulatedInput(
        _ x: PackedTokens, _ modulation: Modulation, rows: [Int] = []
    ) throws -> Tensor {
        try attentionNorm(x.tokens) * (PerSequence(rows: rows).spread(modulation.attentionScale, over: x) + 1)
    }

    private func plain(_ x: PackedTokens, _ positions: RotaryPositions) throws -> PackedTokens {
        let attended = try attention(x.replacing(attentionNorm(x.tokens)), positions)
        let middle = try x.tokens + attentionOutputNorm(attended)
        return x.replacing(try middle + feedForwardOutputNorm(feedForward(feedForwardNorm(middle))))
    }
}
