/// The low-rank pairs of any number of adapters, by the path of the layer that each belongs to.
package struct AdapterSet {
    /// Whether the pairs become part of the weights they belong to, or stand beside them.
    package let isMerged: Bool
    private var pairs: [String: [LowRankAdapter]] = [:]

    package init(merged: Bool = false) { isMerged = merged }

    /// Adds an adapter's pairs, each `scale` times as strong; what has no effect is left out, so that a scale of 0 is
    /// the model without the adapter, bit for bit.
    package mutating func add(_ adapter: [String: LowRankAdapter], scale: Double) {
        for (path, pair) in adapter where pair.scale * scale != 0 {
            pairs[path, default: []].append(pair.scaled(by: scale))
        }
    }

    /// The layers that are adapted.
    package var paths: [String] { pairs.keys.sorted() }

    subscript(path: String) -> [LowRankAdapter] { pairs[path] ?? [] }
}
