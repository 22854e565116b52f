import Torch

/// What brings all directions of some features to one length about their mean: x -> (C + floor)^(-1/2) (x - mean) of
/// their covariance C.
struct Whitening {
    /// [features, features], symmetric but for rounding, float64.
    let matrix: Tensor
    /// [features, 1], float64.
    let mean: Tensor

    /// Smallest variance that is brought to 1, as a share of the mean one: below it lies what rounding adds.
    private static let floor = 3e-3
    /// Of the coupled Newton iteration for the inverse square root, at most, and how near it comes: once it is there,
    /// rounding drives it away again.
    private static let iterations = 100
    private static let precision = 1e-9

    /// - Parameter rows: [T, features], float64.
    init(_ rows: Tensor) throws {
        let columns = try rows.transposed(0, 1).contiguous()  // [features, T]
        let count = rows.size(0)
        mean = try columns.linear(Tensor(Array(repeating: 1 / Double(count), count: count), [1, count]), nil)
        let centered = try columns - mean  // [features, T]
        matrix = try Self.inverseSquareRoot(centered.linear(centered, nil) / Double(count))
    }

    /// (C + floor)^(-1/2) of a covariance C.
    ///
    /// Source: Higham, "Stable iterations for the matrix square root", 1997.
    private static func inverseSquareRoot(_ covariance: Tensor) throws -> Tensor {
        let size = covariance.size(0)
        let identity = try Tensor((0..<size * size).map { $0 % (size + 1) == 0 ? 1.0 : 0 }, [size, size])
        let mean = try (covariance * identity).sum().doubles()[0] / Double(size)
        let floored = try covariance + identity * (floor * mean)
        let scale = try floored.norm().doubles()[0]
        var (root, inverse) = (try floored / scale, identity)
        /// Symmetric but for rounding, which the order of the factors keeps from growing.
        func product(_ left: Tensor, _ right: Tensor) throws -> Tensor {
            try left.linear(right.transposed(0, 1), nil)
        }
        for _ in 0..<iterations {
            let step = try (identity * 3 - product(inverse, root)) * 0.5
            root = try product(root, step)
            inverse = try product(step, inverse)
            if try (step - identity).norm().doubles()[0] < precision { break }
        }
        return try inverse / scale.squareRoot()
    }
}
