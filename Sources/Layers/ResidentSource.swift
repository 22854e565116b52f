import Torch

/// Keeps what has been read of another source, or packed, in one number type and on one device, so that a model is built
/// again from the same memory.
package final class ResidentSource: WeightSource {
    private let source: any WeightSource
    private let dtype: DType?
    private let device: Device
    private var tensors: [String: Tensor] = [:]
    private var packed: [[String]: PackedWeight] = [:]

    /// - Parameter dtype: the type floating-point tensors are converted to; `nil` keeps the stored one.
    package init(_ source: any WeightSource, dtype: DType? = nil, device: Device = .cpu) {
        self.source = source
        self.dtype = dtype
        self.device = device
    }

    package var origin: String { source.origin }
    package var names: [String]? { source.names }
    package func shape(of name: String) -> [Int]? { source.shape(of: name) }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        if let kept = tensors[name], kept.shape == shape { return kept }
        guard let read = try source.tensor(name, shape, initial: initial) else { return nil }
        let target = read.dtype.isFloatingPoint ? dtype ?? read.dtype : read.dtype
        let tensor = try read.to(target).to(device)
        tensors[name] = tensor
        return tensor
    }

    package var unkept: any WeightSource { source }
    package var streaming: StreamingSource? { source.streaming }

    package func storedForm(of paths: [String], _ form: PackedForm) -> PackedForm {
        source.storedForm(of: paths, form)
    }

    package func packed(
        _ paths: [String], _ form: PackedForm, _ pack: @escaping () throws -> PackedWeight
    ) throws -> PackedWeight {
        if let kept = packed[paths] { return kept }
        let weight = try source.packed(paths, form, pack)
        packed[paths] = weight
        return weight
    }
}
