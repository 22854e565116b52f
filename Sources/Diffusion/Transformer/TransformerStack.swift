import Layers
import Torch

/// Transformer blocks one behind the other, and what makes their modulation of the time.
///
/// The two are apart because a run needs the modulation's weights once, before its first step.
package struct TransformerStack {
    package let blocks: BlockStack<TransformerBlock>
    /// `nil` for blocks that know no time.
    private let modulations: BlockStack<Linear>?

    package init(_ w: Weights, _ count: Int, _ configuration: TransformerConfiguration, isModulated: Bool = true) throws
    {
        blocks = try w.blocks(count) { try TransformerBlock($0, configuration, modulated: isModulated) }
        modulations =
            isModulated
            ? try w.blocks(count) { block in
                try Linear(
                    block["norm1"]["linear"], configuration.timeSize, 4 * configuration.hiddenSize, leastBits: 16,
                    initial: .zeros)
            } : nil
    }

    package var count: Int { blocks.count }

    /// What the times [R, timeSize] do to each block; empty for blocks that know no time.
    package func modulate(_ time: Tensor) throws -> [Modulation] {
        try modulations?.map { try Modulation($0, time) } ?? []
    }

    /// x through all blocks; its memory is free behind the first of them if nobody else has it.
    ///
    /// - Parameters:
    ///   - positions: a row for each token.
    ///   - modulation: of each block; `nil` for blocks that know no time.
    package func callAsFunction(
        _ x: consuming PackedTokens, _ positions: RotaryPositions, _ modulation: [Modulation]? = nil, rows: [Int] = []
    ) throws -> PackedTokens {
        var x = x
        try blocks.forEach { index, block in x = try block(x, positions, modulation?[index], rows: rows) }
        return x
    }

    /// The same from the time [R, timeSize], with each block run by `execution`: what training records.
    package func callAsFunction(
        _ x: PackedTokens, _ positions: RotaryPositions, time: Tensor, rows: [Int], _ execution: any BlockExecution
    ) throws -> PackedTokens {
        guard let blocks = blocks.resident, let modulations = modulations?.resident else {
            return try self(x, positions, modulate(time), rows: rows)
        }
        var tokens = x.tokens
        for (block, modulation) in zip(blocks, modulations) {
            tokens = try execution.run(tokens) { tokens in
                try block(x.replacing(tokens), positions, Modulation(modulation, time), rows: rows).tokens
            }
        }
        return x.replacing(tokens)
    }
}
