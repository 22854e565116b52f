import Torch

/// Token sequences of different lengths laid end to end, so that no layer computes padding: tokens [T, D], and
/// which rows belong to which sequence.
package struct PackedTokens {
    package let tokens: Tensor
    package let lengths: [Int]

    package init(_ tokens: Tensor, lengths: [Int]) {
        self.tokens = tokens
        self.lengths = lengths
    }

    /// Lays sequences [L_i, D] end to end.
    package init(_ sequences: [Tensor]) throws {
        self.init(try Tensor.concatenated(sequences, 0), lengths: sequences.map { $0.size(0) })
    }

    package func replacing(_ tokens: Tensor) -> PackedTokens { PackedTokens(tokens, lengths: lengths) }

    package var ranges: [Range<Int>] {
        var start = 0
        return lengths.map { length in
            defer { start += length }
            return start..<start + length
        }
    }

    /// The sequences [L_i, D], as views.
    package func sequences() throws -> [Tensor] { try tokens.split(lengths, 0) }
}
