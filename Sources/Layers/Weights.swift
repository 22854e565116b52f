import Torch

/// A checkpoint seen from a dotted prefix. Copying is free; a tensor is read when asked for.
///
/// Construction is loading: a layer's initialiser takes a view and reads its tensors with the shapes it expects,
/// so the key stands beside the field, in the checkpoint's own spelling.
package struct Weights {
    private let source: any WeightSource
    private let prefix: String
    private let dtype: DType?
    private let device: Device
    private let ledger: Ledger

    /// What has been handed out, by full name.
    private final class Ledger {
        var consumed: [String: Int] = [:]
    }

    /// - Parameters:
    ///   - dtype: the type floating-point tensors are converted to; `nil` keeps the stored one.
    package init(_ source: any WeightSource, dtype: DType? = nil, device: Device = .cpu) {
        self.init(source: source, prefix: "", dtype: dtype, device: device, ledger: Ledger())
    }

    private init(source: any WeightSource, prefix: String, dtype: DType?, device: Device, ledger: Ledger) {
        self.source = source
        self.prefix = prefix
        self.dtype = dtype
        self.device = device
        self.ledger = ledger
    }

    package subscript(_ name: String) -> Weights {
        Weights(
            source: source, prefix: prefix.isEmpty ? name : prefix + "." + name, dtype: dtype, device: device,
            ledger: ledger)
    }

    package subscript(_ index: Int) -> Weights { self[String(index)] }

    /// The tensor `name` below the prefix, in the view's type and on its device.
    ///
    /// - Throws: `WeightError` when it is missing or has another shape.
    package func tensor(_ name: String, _ shape: Int..., initial: InitialValue) throws -> Tensor {
        let key = self[name].prefix
        if let stored = source.shape(of: key), stored != shape {
            throw WeightError.wrongShape(
                key: source.storedName(of: key), expected: shape, got: stored, origin: source.origin)
        }
        guard let tensor = try source.tensor(key, shape, initial: initial) else {
            throw WeightError.missing(key: source.storedName(of: key), shape: shape, origin: source.origin)
        }
        ledger.consumed[key, default: 0] += 1
        guard tensor.dtype.isFloatingPoint else {
            throw WeightError.notFloatingPoint(
                key: source.storedName(of: key), got: tensor.dtype, origin: source.origin)
        }
        return try tensor.to(dtype ?? tensor.dtype).to(device)
    }

    /// How often each tensor was read, by full name.
    package var consumed: [String: Int] { ledger.consumed }

    /// - Throws: `WeightError.unused` when the source holds tensors that nothing has read, other than those
    ///   `ignoring` answers true for.
    package func requireAllConsumed(ignoring: (String) -> Bool = { _ in false }) throws {
        let unused = (source.names ?? []).filter { ledger.consumed[$0] == nil && !ignoring($0) }
        if !unused.isEmpty {
            throw WeightError.unused(keys: unused.map(source.storedName).sorted(), origin: source.origin)
        }
    }
}
