import Torch

/// The tensors of a folder of safetensors files, memory-mapped: a tensor on the CPU in its stored type shares the
/// file's pages and costs no memory of its own.
package final class CheckpointSource: WeightSource {
    private let folder: SafetensorsFolder

    package init(_ folder: SafetensorsFolder) { self.folder = folder }

    package var origin: String { folder.path }
    package var names: [String]? { folder.names }
    package func shape(of name: String) -> [Int]? { folder[name]?.entry.shape }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        guard let file = folder[name]?.file else { return nil }
        return try Self.tensor(name, in: file)
    }

    package func releaseMemory(of name: String) {
        guard let file = folder[name]?.file, let entry = file.entries[name] else { return }
        file.releaseMemory(of: entry)
    }

    /// One tensor of a file; `nil` if it holds none of that name.
    package static func tensor(_ name: String, in file: SafetensorsFile) throws -> Tensor? {
        guard let entry = file.entries[name] else { return nil }
        guard let dtype = DType(entry.elementType) else {
            throw SafetensorsError(
                file: file.path, tensor: name, reason: "element type \(entry.elementType.rawValue) is not supported")
        }
        let bytes = try file.bytes(of: entry)
        guard let memory = bytes.baseAddress, !bytes.isEmpty else { return try Tensor.empty(entry.shape, dtype: dtype) }
        let isAligned = Int(bitPattern: memory) % dtype.byteCount == 0
        let tensor = try Tensor.wrapping(memory, entry.shape, dtype, owner: file)
        return isAligned ? tensor : try tensor.clone()
    }
}

extension DType {
    /// The tensor type of an element type; `nil` for those libtorch has no arithmetic for.
    package init?(_ type: ElementType) {
        switch type {
        case .float32: self = .float32
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        case .float64: self = .float64
        case .float8E4M3: self = .float8E4M3
        case .float8E5M2: self = .float8E5M2
        case .int8: self = .int8
        case .uint8: self = .uint8
        case .int16: self = .int16
        case .int32: self = .int32
        case .int64: self = .int64
        case .bool: self = .bool
        default: return nil
        }
    }
}

extension ElementType {
    /// The element type of a tensor type.
    package init(_ dtype: DType) {
        switch dtype {
        case .float32: self = .float32
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        case .float64: self = .float64
        case .float8E4M3: self = .float8E4M3
        case .float8E5M2: self = .float8E5M2
        case .int8: self = .int8
        case .uint8: self = .uint8
        case .int16: self = .int16
        case .int32: self = .int32
        case .int64: self = .int64
        case .bool: self = .bool
        }
    }
}
