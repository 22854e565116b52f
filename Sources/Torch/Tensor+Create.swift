extension Tensor {
    /// Uninitialised memory of the given shape, row-major.
    package static func empty(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let torch = try Engine.library(for: "empty")
        OperatorCalls.add()
        let (type, index) = torch.code(of: device)
        var result: TensorHandle?
        let status = torch.emptyStrided(
            Int64(shape.count), shape.map(Int64.init), rowMajorStrides(shape).map(Int64.init), torch.code(of: dtype),
            type, index, &result)
        guard status == 0, let result else {
            throw .operation(name: "empty", shapes: [shape], message: torch.failureMessage())
        }
        return Tensor(owning: result)
    }

    package static func zeros(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let tensor = try empty(shape, dtype: dtype, device: device)
        let torch = try Engine.library(for: "zeros")
        OperatorCalls.add()
        guard torch.fillWithZero(tensor.handle) == 0 else {
            throw .operation(name: "zeros", shapes: [shape], message: torch.failureMessage())
        }
        return tensor
    }

    package static func ones(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try zeros(shape, dtype: dtype, device: device) + 1
    }

    /// A float64 scalar on the CPU, which takes part in arithmetic without changing the other side's type.
    static func scalar(_ value: Double) throws(TorchError) -> Tensor {
        let torch = try Engine.library(for: "scalar")
        OperatorCalls.add()
        var result: TensorHandle?
        guard torch.scalarTensor(value, &result) == 0, let result else { throw .invalid(torch.failureMessage()) }
        return Tensor(owning: result)
    }

    /// Copies Swift values into a new CPU tensor.
    package convenience init(_ values: [Float], _ shape: [Int]) throws(TorchError) {
        try self.init(copying: values, shape, .float32)
    }

    package convenience init(_ values: [Double], _ shape: [Int]) throws(TorchError) {
        try self.init(copying: values, shape, .float64)
    }

    package convenience init(_ values: [Int], _ shape: [Int]) throws(TorchError) {
        try self.init(copying: values, shape, .int64)
    }

    package convenience init(_ values: [UInt8], _ shape: [Int]) throws(TorchError) {
        try self.init(copying: values, shape, .uint8)
    }

    package convenience init(_ values: [Bool], _ shape: [Int]) throws(TorchError) {
        try self.init(copying: values, shape, .bool)
    }

    /// Copies raw elements of `dtype` into a new CPU tensor.
    package convenience init<Element: BitwiseCopyable>(
        copying values: [Element], _ shape: [Int], _ dtype: DType
    ) throws(TorchError) {
        let expected = shape.reduce(1, *)
        guard values.count == expected, MemoryLayout<Element>.stride == dtype.byteCount else {
            throw .invalid("a tensor of shape \(shape) and type \(dtype) takes \(expected) values, got \(values.count)")
        }
        let tensor = try Tensor.empty(shape, dtype: dtype)
        let bytes = values.count * dtype.byteCount
        if bytes > 0 {
            let destination = try tensor.mutableData()
            values.withUnsafeBytes {
                destination.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(destination), byteCount: bytes)
            }
        }
        self.init(owning: try tensor.retainedHandle())
    }

    /// A CPU tensor over memory that `owner` keeps alive; nothing is copied, and nothing may be written.
    package static func wrapping(
        _ memory: UnsafeRawPointer, _ shape: [Int], _ dtype: DType, owner: AnyObject
    ) throws(TorchError) -> Tensor {
        let torch = try Engine.library(for: "from_blob")
        OperatorCalls.add()
        let context = Unmanaged.passRetained(owner)
        var result: TensorHandle?
        let status = torch.fromBlob(
            UnsafeMutableRawPointer(mutating: memory), Int64(shape.count), shape.map(Int64.init),
            rowMajorStrides(shape).map(Int64.init), 0, torch.code(of: dtype), torch.cpuCode, -1, &result,
            torch.stridedLayout, nil, 0,
            { _, context in if let context { Unmanaged<AnyObject>.fromOpaque(context).release() } },
            context.toOpaque())
        guard status == 0, let result else {
            context.release()
            throw .operation(name: "from_blob", shapes: [shape], message: torch.failureMessage())
        }
        return Tensor(owning: result)
    }

    private static func rowMajorStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for index in stride(from: shape.count - 2, through: 0, by: -1) {
            strides[index] = strides[index + 1] * max(shape[index + 1], 1)
        }
        return strides
    }

    /// A second owning handle of the same tensor.
    private func retainedHandle() throws(TorchError) -> TensorHandle {
        let torch = try Engine.library(for: "new_handle")
        var copy: TensorHandle?
        guard torch.newTensorHandle(handle, &copy) == 0, let copy else { throw .invalid(torch.failureMessage()) }
        return copy
    }
}

extension LibTorch {
    fileprivate func code(of device: Device) -> (type: Int32, index: Int32) {
        switch device {
        case .cpu: (cpuCode, 0)
        case .cuda(let index): (cudaCode, Int32(index))
        }
    }
}
