import Torch

/// What 4 bits cost a weight: the error of its products with the inputs of a calibration, relative to the products, as a root
/// of mean squares.
package struct RoundingLoss: Sendable {
    /// The weight's name in a packed file.
    package let name: String
    /// With each number rounded to the nearest.
    package let plain: Double
    /// With errors that make up for each other.
    package let compensated: Double

    /// Outputs of a weight that are looked at, at most.
    private static let outputCount = 256

    /// - Parameters:
    ///   - weights: of the layers that the weight is put together of, [outputs, inputs] each.
    ///   - factor: that of `moments`.
    init(
        name: String, _ weights: [Tensor], group: Int, moments: SecondMoments, factor: Tensor?
    ) throws {
        self.name = name
        let some = try Self.sample(weights)
        let inputs = moments.inputs
        let (mixed, nearest) = try Int4Rounding(inputs: inputs, group: group, factor: nil).rounded(some)
        let best = try Int4Rounding(inputs: inputs, group: group, factor: factor).rounded(some).rounded
        let whole = try moments.weighted(mixed)
        func loss(_ rounded: Tensor) throws -> Double {
            whole > 0 ? max(0, try moments.weighted(mixed - rounded) / whole).squareRoot() : 0
        }
        (plain, compensated) = (try loss(nearest), try loss(best))
    }

    /// Rows from all of the weights, evenly.
    private static func sample(_ weights: [Tensor]) throws -> Tensor {
        let count = weights.reduce(0) { $0 + $1.size(0) }
        let step = max(1, count / outputCount)
        let parts = try weights.map { weight in
            let rows = Array(stride(from: 0, to: weight.size(0), by: step))
            return try weight.gathered(0, Tensor(rows, [rows.count]))
        }
        return try Tensor.concatenated(parts, 0)
    }
}
