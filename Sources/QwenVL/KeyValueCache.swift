import Layers
import Torch

/// Keys and values of the tokens a language model has read, so that a new token reads only itself.
///
/// One sequence. Memory that `reserve` has not foreseen grows by doubling, so that a token costs no copy of those before it.
/// A run that fails leaves the cache as it was: only `advance` makes new rows count.
package final class KeyValueCache {
    /// Tokens that are read.
    package private(set) var count = 0
    private var layers: [Rows?]
    private var reserved = 0

    private static let initialCapacity = 256

    /// A layer's memory: [1, capacity, K, D] each.
    private struct Rows {
        let key: Tensor
        let value: Tensor
        let capacity: Int
    }

    package init(layerCount: Int) { layers = Array(repeating: nil, count: layerCount) }

    /// Memory for so many tokens is taken when the next ones are read, so that it need not grow until then.
    package func reserve(_ tokens: Int) { reserved = max(reserved, tokens) }

    /// Tokens that fit without new memory.
    var capacity: Int { layers.map { $0?.capacity ?? 0 }.min() ?? 0 }

    /// Puts the keys and values of new tokens, [1, L, K, D], behind those of a layer, and gives its memory,
    /// [1, capacity, K, D], and its length, count + L.
    ///
    /// - Throws: `LanguageModelError.input` when the cache was made for fewer layers.
    func append(layer: Int, _ key: Tensor, _ value: Tensor) throws -> (key: Tensor, value: Tensor, length: Int) {
        guard layers.indices.contains(layer) else {
            throw LanguageModelError.input("a cache of \(layers.count) layers was used with more")
        }
        let end = count + key.size(1)
        let rows = try rows(layer, holding: end, like: key)
        layers[layer] = rows
        try rows.key.replaceTokens(from: count, with: key)
        try rows.value.replaceTokens(from: count, with: value)
        return (rows.key, rows.value, end)
    }

    private func rows(_ layer: Int, holding end: Int, like key: Tensor) throws -> Rows {
        if let rows = layers[layer], rows.capacity >= end { return rows }
        let old = layers[layer]
        let capacity = max(end, 2 * (old?.capacity ?? 0), reserved, Self.initialCapacity)
        func grown(_ old: Tensor?) throws -> Tensor {
            let memory = try Tensor.empty(
                [1, capacity, key.size(2), key.size(3)], dtype: key.dtype, device: key.device)
            if let old, count > 0 { try memory.narrowed(1, 0..<count).copy(from: old.narrowed(1, 0..<count)) }
            return memory
        }
        return Rows(key: try grown(old?.key), value: try grown(old?.value), capacity: capacity)
    }

    /// Counts the rows that every layer has appended.
    func advance(by tokens: Int) { count += tokens }

    /// Forgets the tokens from `length` on; nothing when there are no more than that.
    package func truncate(to length: Int) { count = max(0, min(count, length)) }
}
