import Torch

/// The texts of a shard: each once. They are encoded at its end, those of about one length together.
struct TextTable {
    private var places: [[Int]: Int] = [:]
    private var texts: [[Int]] = []

    /// Tokens of all texts.
    private(set) var tokenCount = 0

    /// The place of a text.
    mutating func add(_ ids: [Int]) -> Int {
        if let place = places[ids] { return place }
        places[ids] = texts.count
        texts.append(ids)
        tokenCount += ids.count
        return texts.count - 1
    }

    /// Last hidden states of each text, [L, D].
    ///
    /// - Parameter check: is called before each batch, to cancel.
    func states(_ encoder: SampleEncoder, check: () throws -> Void) throws -> [Tensor] {
        var states: [Tensor?] = Array(repeating: nil, count: texts.count)
        let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
        for start in stride(from: 0, to: order.count, by: encoder.batchSize) {
            try check()
            let batch = order[start..<min(start + encoder.batchSize, order.count)]
            let encoded = try encoder.states(batch.map { texts[$0] })
            for (place, state) in zip(batch, encoded) { states[place] = state }
        }
        return states.compactMap(\.self)
    }
}
