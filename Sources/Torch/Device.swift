/// Where a tensor lives.
package enum Device: Hashable, Sendable, CustomStringConvertible {
    case cpu
    case cuda(Int)

    package var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }
}

/// What a user may ask for with `--device`.
package enum DeviceRequest: String, CaseIterable, Sendable {
    case auto, cpu, cuda, mps
}
