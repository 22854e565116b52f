/// Which layers a low-rank adapter trains, and how.
package struct LowRankOptions: Codable, Equatable, Sendable {
    package var rank: Int
    /// The product of a pair is multiplied by alpha / rank.
    package var alpha: Double
    /// Paths, or ends of paths, of linear layers.
    package var targets: [String]
    /// Share of a pair's inputs that are left out at random.
    package var dropout: Double

    /// The layers that the original's training script adapts.
    package static let attention = ["to_k", "to_q", "to_v", "to_out.0"]

    package init(rank: Int, alpha: Double? = nil, targets: [String] = Self.attention, dropout: Double = 0) {
        self.rank = rank
        self.alpha = alpha ?? Double(rank)
        self.targets = targets
        self.dropout = dropout
    }

    /// - Throws: `TrainingError.option` for a value that makes no adapter.
    package func validate() throws(TrainingError) {
        guard rank > 0 else { throw .option("LoRA rank must be positive, got \(rank)") }
        guard alpha > 0, alpha.isFinite else { throw .option("LoRA alpha must be positive, got \(alpha)") }
        guard (0..<1).contains(dropout) else { throw .option("LoRA dropout must be in 0..<1, got \(dropout)") }
        guard !targets.isEmpty else { throw .option("LoRA needs at least one target layer") }
    }

    func takes(_ path: String) -> Bool { targets.contains { path == $0 || path.hasSuffix("." + $0) } }
}
