import CKernels
import Torch

/// Rounds rows of weights to 4 bits after it has mixed them, each for itself or so that the errors of a row make up for
/// each other.
struct Int4Rounding {
    private let inputs, group: Int
    private let factor: Tensor?
    /// Where the factor lies: threads that round know nothing of tensors.
    private let elements: UnsafePointer<Float>?

    /// - Parameters:
    ///   - group: inputs that share a multiple of their row's scale.
    ///   - factor: U of the inverse second moments of the inputs, upper, [inputs, inputs]; `nil` rounds to the nearest.
    init(inputs: Int, group: Int, factor: Tensor?) throws {
        (self.inputs, self.group) = (inputs, group)
        self.factor = try factor?.contiguous()
        elements = try self.factor.map { UnsafePointer(try $0.elements(Float.self)) }
    }

    /// Rows that are rounded at once, by one thread.
    var rowsAtOnce: Int { elements == nil ? 64 : 192 }

    /// - Parameters:
    ///   - weights: [rows, inputs] of bf16.
    ///   - values: [rows, inputs].
    ///   - multiples: of the scale, [rows, inputs / group].
    ///   - scales: [rows].
    /// - Returns: false when memory is short.
    func callAsFunction(
        _ weights: UnsafePointer<UInt16>, rows: Int, values: UnsafeMutablePointer<Int8>,
        multiples: UnsafeMutablePointer<Int8>, scales: UnsafeMutablePointer<Float>
    ) -> Bool {
        guard let elements else {
            return kernels_quantise_rotated_int4(values, multiples, scales, weights, inputs, rows, inputs, group)
        }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * inputs) { mixed in
            guard let mixed = mixed.baseAddress else { return rows * inputs == 0 }
            Self.mix(weights, rows: rows, inputs: inputs, to: mixed)
            return kernels_quantise_compensated_int4(
                values, multiples, scales, mixed, inputs, rows, inputs, group, elements, inputs)
        }
    }

    /// What is not finite counts as 0.
    private static func mix(
        _ weights: UnsafePointer<UInt16>, rows: Int, inputs: Int, to mixed: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<rows * inputs {
            let number = Float(bitPattern: UInt32(weights[index]) << 16)
            mixed[index] = number.isFinite ? number : 0
        }
        kernels_rotate(mixed, inputs, rows, inputs)
    }

    /// The mixed weights [rows, inputs], and what they are once they are rounded; float32.
    func rounded(_ weights: Tensor) throws -> (mixed: Tensor, rounded: Tensor) {
        let weights = try weights.to(.bfloat16).contiguous()
        let rows = weights.size(0)
        var values = [Int8](repeating: 0, count: rows * inputs)
        var multiples = [Int8](repeating: 0, count: rows * inputs / group)
        var scales = [Float](repeating: 0, count: rows)
        let source = UnsafePointer(try weights.elements(UInt16.self))
        guard self(source, rows: rows, values: &values, multiples: &multiples, scales: &scales) else {
            throw TorchError.invalid("no memory to round a weight of \(rows)x\(inputs)")
        }
        let mixed = try Tensor.empty(weights.shape)
        Self.mix(source, rows: rows, inputs: inputs, to: try mixed.elements(Float.self))
        let rounded = try Tensor.empty(weights.shape)
        let numbers = try rounded.elements(Float.self)
        for index in values.indices {
            numbers[index] = Float(values[index]) * Float(multiples[index / group]) * scales[index / inputs]
        }
        withExtendedLifetime((weights, factor)) {}
        return (mixed, rounded)
    }
}
