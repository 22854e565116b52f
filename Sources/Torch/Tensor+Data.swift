extension Tensor {
    /// Converts to `dtype`; the tensor itself when it already is.
    package func to(_ dtype: DType) throws(TorchError) -> Tensor {
        if dtype == self.dtype { return self }
        return try dispatch("aten::to", "dtype", .tensor(self), .dtype(dtype), .bool(false), .bool(false), .none)
    }

    /// Copies to `device`; the tensor itself when it already is there.
    package func to(_ device: Device) throws(TorchError) -> Tensor {
        if device == self.device { return self }
        let copy = try Tensor.empty(shape, dtype: dtype, device: device)
        try copy.copy(from: self)
        return copy
    }

    /// Overwrites the elements with those of `source`, converting type and device.
    package func copy(from source: Tensor) throws(TorchError) {
        let torch = try Engine.library(for: "copy_")
        OperatorCalls.add()
        guard torch.copyInto(handle, source.handle, 0) == 0 else {
            throw .operation(name: "copy_", shapes: [shape, source.shape], message: torch.failureMessage())
        }
    }

    /// Row-major memory of its own if the tensor's is not.
    package func contiguous() throws(TorchError) -> Tensor {
        if isContiguous { return self }
        return try dispatch("aten::contiguous", "", .tensor(self), .memoryFormatContiguous)
    }

    /// A copy that shares nothing.
    package func clone() throws(TorchError) -> Tensor {
        try dispatch("aten::clone", "", .tensor(self), .none)
    }

    /// The elements as 32-bit floats, row-major, whatever type and device the tensor has.
    package func floats() throws(TorchError) -> [Float] { try elements(.float32) }

    package func doubles() throws(TorchError) -> [Double] { try elements(.float64) }

    package func ints() throws(TorchError) -> [Int] { try elements(.int64) }

    package func bytes() throws(TorchError) -> [UInt8] { try elements(.uint8) }

    private func elements<Element: BitwiseCopyable>(_ dtype: DType) throws(TorchError) -> [Element] {
        let tensor = try self.to(.cpu).to(dtype).contiguous()
        let count = tensor.count
        guard count > 0 else { return [] }
        let source = try tensor.mutableData()
        defer { withExtendedLifetime(tensor) {} }
        return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(start: source, count: count * MemoryLayout<Element>.stride))
            initialized = count
        }
    }

    /// Hands the elements to `body` as they lie in memory, row-major, from a copy on the CPU where they are elsewhere.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        let tensor = try to(.cpu).contiguous()
        defer { withExtendedLifetime(tensor) {} }
        guard tensor.count > 0 else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return try body(UnsafeRawBufferPointer(start: tensor.mutableData(), count: tensor.count * dtype.byteCount))
    }

    /// Where the elements lie, on the tensor's device; valid as long as the tensor is.
    package func mutableData() throws(TorchError) -> UnsafeMutableRawPointer {
        let torch = try Engine.library(for: "data_ptr")
        var pointer: UnsafeMutableRawPointer?
        guard torch.dataPointer(handle, &pointer) == 0, let pointer else {
            throw .operation(name: "data_ptr", shapes: [shape], message: torch.failureMessage())
        }
        return pointer
    }
}
