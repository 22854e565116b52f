import CKernels
import Torch

/// Sums of products of a layer's inputs over many rows, mixed as a product with a weight of 4 bits has them.
package struct SecondMoments {
    package let inputs: Int
    /// X^T X on and above the diagonal, and zeros below; [inputs, inputs], float32.
    let sums: Tensor

    /// Shares of the mean of the diagonal that are added to it: the first with which the sums can be inverted.
    private static let dampings: [Float] = [0.01, 0.1, 1]

    /// - Parameter rows: [..., inputs].
    package init(_ rows: Tensor) throws {
        inputs = rows.shape.last ?? 0
        sums = try Tensor.zeros([inputs, inputs])
        let (x, stride) = try rows.to(.bfloat16).kernelRows()
        let isDone = kernels_second_moments(
            try sums.elements(Float.self), inputs, try x.elements(UInt16.self), stride, rows.count / max(inputs, 1),
            inputs, true)
        withExtendedLifetime(x) {}
        guard isDone else { throw TorchError.invalid("no memory for the second moments of \(inputs) inputs") }
    }

    package init(sums: Tensor) { (self.sums, inputs) = (sums, sums.size(0)) }

    package var diagonal: [Float] {
        get throws {
            let elements = try sums.elements(Float.self)
            return (0..<inputs).map { elements[$0 * (inputs + 1)] }
        }
    }

    /// What compensated rounding takes: U, upper, with U^T U the inverse of the sums, which are made larger on their
    /// diagonal; `nil` where they are zero, not finite or have no inverse for all that.
    package func inverseFactor() throws -> Tensor? {
        let mean = try diagonal.reduce(0, +) / Float(inputs)
        guard mean.isFinite, mean > 0 else { return nil }
        for damping in Self.dampings {
            // In the order of the last input first, a lower factor is an upper one, and its inverse is U.
            let reversed = try sums.flipped(0, 1)
            let elements = try reversed.elements(Float.self)
            for index in 0..<inputs { elements[index * (inputs + 1)] += damping * mean }
            do {
                return try Self.inverseOfFactor(reversed).flipped(0, 1)
            } catch TorchError.operation(let name, _, _) where name == Tensor.choleskyOperator { continue }
        }
        return nil
    }

    /// Below this size the factor is found and inverted by libtorch.
    private static let smallSize = 512

    /// The inverse of the lower Cholesky factor of `matrix`, of which only what is on and below the diagonal is read. By
    /// halves: most of the work is products of matrices.
    private static func inverseOfFactor(_ matrix: Tensor) throws -> Tensor {
        let size = matrix.size(0)
        guard size > smallSize else { return try matrix.choleskyFactor().solvedLower(.identity(size)) }
        let (first, last) = (0..<size / 2, size / 2..<size)
        func part(_ whole: Tensor, _ rows: Range<Int>, _ columns: Range<Int>) throws -> Tensor {
            try whole.narrowed(0, rows).narrowed(1, columns)
        }
        let upper = try inverseOfFactor(part(matrix, first, first))
        let side = try part(matrix, last, first).multiplied(by: upper.transposed(0, 1))
        let rest = try part(matrix, last, last) - side.multiplied(by: side.transposed(0, 1))
        let lower = try inverseOfFactor(rest)
        let inverse = try Tensor.zeros([size, size])
        try part(inverse, first, first).copy(from: upper)
        try part(inverse, last, last).copy(from: lower)
        try part(inverse, last, first).copy(from: -lower.multiplied(by: side.multiplied(by: upper)))
        return inverse
    }

    /// tr(E H E^T) of errors E [outputs, inputs] of mixed weights: the sum of the squared errors that they make in products.
    func weighted(_ errors: Tensor) throws -> Double {
        let products = try (errors.multiplied(by: sums) * errors).sum().doubles()[0]
        let squares = try (errors * errors * Tensor(diagonal, [inputs])).sum().doubles()[0]
        return 2 * products - squares
    }
}
