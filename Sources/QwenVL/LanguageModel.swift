import Layers
import Torch

/// Causal self-attention with grouped key and value heads and multimodal rotary positions.
struct CausalAttention {
    private let projections: JoinedLinear  // query, key, value
    private let output: Linear
    private let headSize: Int

    init(_ w: Weights, _ configuration: LanguageModelConfiguration) throws {
        let hidden = configuration.hiddenSize
        headSize = configuration.headSize
        let keyValueSize = configuration.keyValueHeadCount * headSize
        projections = try JoinedLinear(
            w, [("q_proj", hidden), ("k_proj", keyValueSize), ("v_proj", keyValueSize)], hidden,
            initial: .normal(0.02))
        output = try Linear(w["o_proj"], hidden, hidden, bias: false, initial: .normal(0.02))
    }

    /// What attention over x makes, added to `residual`; [T, D].
    func callAsFunction(
        _ x: PackedTokens, _ rotate: HalfRotation, cache: (KeyValueCache, layer: Int)? = nil,
        addedTo residual: Tensor
    ) throws -> Tensor {
        let count = x.tokens.size(0)
        let heads = try projections.heads(x.tokens, size: headSize)  // [1, T, H or K, D]
        let (query, key, value) = (try rotate(heads[0]), try rotate(heads[1]), heads[2])
        let attended: Tensor
        if let (cache, layer) = cache {
            let (keys, values, length) = try cache.append(layer: layer, key, value)
            attended = try attention(query, keys, values, keyLength: length, causal: true)
        } else {
            attended = try attention(query, key, value, lengths: x.lengths, causal: true)
        }
        return try output(attended.reshaped(count, -1), addedTo: residual)
    }
}

/// W_down (silu(W_gate x) * W_up x).
struct GatedFeedForward {
    private let gated: GatedLinear
    private let down: Linear

    init(_ w: Weights, _ hidden: Int, _ inner: Int, bias: Bool) throws {
        gated = try GatedLinear(
            w, gate: "gate_proj", up: "up_proj", hidden, inner, bias: bias, initial: .normal(0.02))
        down = try Linear(w["down_proj"], inner, hidden, bias: bias, initial: .normal(0.02))
    }

    func callAsFunction(_ x: Tensor, addedTo residual: Tensor) throws -> Tensor {
        try down(gated(x), addedTo: residual)
    }
}

/// One layer of the language model.
struct DecoderLayer {
    private let attentionNorm, feedForwardNorm: RMSNorm
    private let attention: CausalAttention
    private let feedForward: GatedFeedForward

    init(_ w: Weights, _ configuration: LanguageModelConfiguration) throws {
        let (hidden, epsilon) = (configuration.hiddenSize, configuration.normEpsilon)
        attentionNorm = try RMSNorm(w["input_layernorm"], hidden, epsilon: epsilon)
        attention = try CausalAttention(w["self_attn"], configuration)
        feedForwardNorm = try RMSNorm(w["post_attention_layernorm"], hidden, epsilon: epsilon)
        feedForward = try GatedFeedForward(w["mlp"], hidden, configuration.intermediateSize, bias: false)
    }

    func callAsFunction(
        _ x: PackedTokens, _ rotate: HalfRotation, cache: (KeyValueCache, layer: Int)? = nil
    ) throws -> PackedTokens {
        let normed = x.replacing(try attentionNorm(x.tokens))
        let middle = try attention(normed, rotate, cache: cache, addedTo: x.tokens)
        return x.replacing(try feedForward(feedForwardNorm(middle), addedTo: middle))
    }
}

/// The language half of Qwen2.5-VL. Its last hidden states are what the diffusion transformer reads as text.
///
/// Source: `transformers` 4.51.3, `models/qwen2_5_vl/modeling_qwen2_5_vl.py`.
package struct LanguageModel {
    package let configuration: LanguageModelConfiguration
    private let embedding: Embedding
    private let layers: BlockStack<DecoderLayer>
    private let norm: RMSNorm
    private let head: TextHead

    package init(_ w: Weights, _ configuration: LanguageModelConfiguration) throws {
        self.configuration = configuration
        // For each word that is written, all weights are read.
        let w = w.compact, model = w["model"]
        embedding = try Embedding(
            model["embed_tokens"], entries: configuration.vocabularySize, size: configuration.hiddenSize)
        layers = try model["layers"].blocks(configuration.layerCount) { try DecoderLayer($0, configuration) }
        norm = try RMSNorm(model["norm"], configuration.hiddenSize, epsilon: configuration.normEpsilon)
        let ties = configuration.tiesEmbeddings
        head = try TextHead(
            ties ? model["embed_tokens"] : w["lm_head"], configuration, tiedTo: ties ? embedding.weight : nil)
    }

    /// Embeddings of token ids, with `images` (merged image features, each [N, D]) in place of the image tokens.
    ///
    /// - Throws: `LanguageModelError.input` for an id outside the vocabulary, or when the image tokens are not as
    ///   many as the features.
    package func embed(_ ids: [Int], images: Tensor? = nil) throws -> Tensor {  // [L, D]
        if let id = ids.first(where: { !(0..<configuration.vocabularySize).contains($0) }) {
            throw LanguageModelError.input(
                "token id \(id) is outside the vocabulary of \(configuration.vocabularySize)")
        }
        let text = try embedding(Tensor(ids, [ids.count]).to(embedding.weight.device))
        guard let images else { return text }
        let slots = ids.indices.filter { ids[$0] == configuration.imageTokenID }
        guard slots.count == images.size(0) else {
            throw LanguageModelError.input(
                "the prompt has \(slots.count) image tokens, the pictures give \(images.size(0)) features")
        }
        // Row i comes from the text, or from the image table appended to it.
        var rows = Array(ids.indices)
        for (feature, slot) in slots.enumerated() { rows[slot] = ids.count + feature }
        let table = try Tensor.concatenated([text, images.to(text.dtype)], 0)
        return try table.gathered(0, Tensor(rows, [rows.count]).to(table.device))
    }

    /// Last hidden states, after the final norm, of sequences that are each causal in themselves.
    ///
    /// - Parameters:
    ///   - embeddings: [T, D], packed.
    ///   - positions: of each token, on the axes time, row and column.
    ///   - cache: what the one sequence continues; holds these tokens too afterwards.
    ///   - observe: sees the hidden states before each layer.
    /// - Throws: `LanguageModelError.input` for several sequences with one cache.
    package func callAsFunction(
        _ embeddings: PackedTokens, _ positions: [MultimodalPosition], cache: KeyValueCache? = nil,
        observe: (Int, Tensor) -> Void = { _, _ in }
    ) throws -> PackedTokens {
        if cache != nil, embeddings.lengths.count != 1 {
            throw LanguageModelError.input("a cache takes one sequence, got \(embeddings.lengths.count)")
        }
        let rotation = try MultimodalPosition.rotation(positions, configuration, device: embeddings.tokens.device)
        var x = embeddings
        try layers.forEach { index, layer in
            observe(index, x.tokens)
            x = try layer(x, rotation, cache: cache.map { ($0, index) })
        }
        cache?.advance(by: x.tokens.size(0))
        return x.replacing(try norm(x.tokens))
    }

    /// Scores of the next token. hidden [..., D], result [..., vocabulary].
    package func logits(_ hidden: Tensor) throws -> Tensor { try head(hidden) }

    /// Reads what only `logits` needs.
    package func prepareHead() throws { try head.prepare() }
}
