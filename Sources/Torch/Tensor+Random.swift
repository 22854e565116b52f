extension Tensor {
    /// Standard normal numbers, the very ones `torch.randn` gives on the CPU for this generator and type.
    package static func randn(
        _ shape: [Int], dtype: DType = .float32, _ generator: Generator
    ) throws(TorchError) -> Tensor {
        let count = shape.reduce(1, *)
        switch dtype {
        case .bfloat16: return try Tensor(copying: generator.randnBFloat16(count), shape, dtype)
        case .float16: return try Tensor(copying: generator.randnFloat16(count), shape, dtype)
        case .float64: return try Tensor(generator.randnDouble(count), shape)
        default: return try Tensor(generator.randn(count), shape).to(dtype)
        }
    }

    /// Uniform numbers in 0..<1, the very ones `torch.rand` gives on the CPU for this generator and type.
    package static func rand(
        _ shape: [Int], dtype: DType = .float32, _ generator: Generator
    ) throws(TorchError) -> Tensor {
        let count = shape.reduce(1, *)
        switch dtype {
        case .bfloat16: return try Tensor(copying: generator.randBFloat16(count), shape, dtype)
        case .float16: return try Tensor(copying: generator.randFloat16(count), shape, dtype)
        case .float64: return try Tensor(generator.randDouble(count), shape)
        default: return try Tensor(generator.rand(count), shape).to(dtype)
        }
    }
}
