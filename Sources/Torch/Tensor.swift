/// A libtorch tensor: a reference, freed with the last copy.
///
/// Not `Sendable`: tensors are made and used inside `Engine`. Releasing one is allowed on any thread.
package final class Tensor {
    let handle: TensorHandle

    /// Takes over a handle that the caller owns.
    init(owning handle: TensorHandle) { self.handle = handle }

    deinit { _ = Engine.loadedLibrary?.deleteTensor(handle) }

    /// Sizes, outermost first; empty for a scalar.
    package var shape: [Int] {
        guard let torch = Engine.loadedLibrary else { return [] }
        var count: Int64 = 0
        var sizes: UnsafePointer<Int64>?
        guard torch.dimensions(handle, &count) == 0, torch.sizes(handle, &sizes) == 0, let sizes else { return [] }
        return (0..<Int(count)).map { Int(sizes[$0]) }
    }

    /// Elements from one index to the next, of each dimension.
    package var strides: [Int] {
        guard let torch = Engine.loadedLibrary else { return [] }
        var count: Int64 = 0
        var strides: UnsafePointer<Int64>?
        guard torch.dimensions(handle, &count) == 0, torch.strides(handle, &strides) == 0, let strides else {
            return []
        }
        return (0..<Int(count)).map { Int(strides[$0]) }
    }

    /// The size of one dimension; negative counts from the end. 0 when there is no such dimension.
    package func size(_ dimension: Int) -> Int {
        let shape = shape
        let index = dimension < 0 ? dimension + shape.count : dimension
        return shape.indices.contains(index) ? shape[index] : 0
    }

    /// Number of elements.
    package var count: Int {
        var count: Int64 = 0
        _ = Engine.loadedLibrary?.elementCount(handle, &count)
        return Int(count)
    }

    package var dtype: DType {
        var code: Int32 = 0
        guard let torch = Engine.loadedLibrary, torch.dtype(handle, &code) == 0 else { return .float32 }
        return torch.dtype(ofCode: code) ?? .float32
    }

    package var device: Device {
        var type: Int32 = 0
        var index: Int32 = 0
        guard let torch = Engine.loadedLibrary, torch.deviceType(handle, &type) == 0,
            torch.deviceIndex(handle, &index) == 0
        else { return .cpu }
        return type == torch.cudaCode ? .cuda(Int(max(index, 0))) : .cpu
    }

    package var isContiguous: Bool {
        var answer = false
        _ = Engine.loadedLibrary?.isContiguous(handle, &answer)
        return answer
    }
}

extension Tensor: CustomStringConvertible {
    package var description: String { "Tensor\(shape) \(dtype) on \(device)" }
}
