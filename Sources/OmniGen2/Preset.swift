/// Settings that go together, chosen by what each of them gains and costs (Examples/Shapes/README.md, "What speed-ups
/// cost").
public enum Preset: String, Sendable, Codable, CaseIterable {
    /// Weights in 8 bits, guidance while the picture takes shape, and layers extrapolated at most steps.
    case fast
    /// The settings of the official script.
    case quality

    /// How weights are rounded where they are not packed already: bf16 on the CPU only.
    public var quantization: OmniGen2.Quantization? {
        switch self {
        case .fast: .int8
        case .quality: nil
        }
    }
}

extension Preset {
    /// How it rounds the weights of a model that nobody has asked to round: in bf16, on the CPU, and none that are packed.
    package func quantization(
        of model: ModelFolder, _ precision: OmniGen2.Precision, isOnCPU: Bool
    ) throws -> OmniGen2.Quantization? {
        guard precision == .bfloat16, isOnCPU, try model.packedStorage == nil else { return nil }
        return quantization
    }
}

extension GenerationRequest {
    /// Takes steps, solver, guidance range and step cache of a preset.
    public mutating func apply(_ preset: Preset) {
        (steps, scheduler, guidanceRange, cache) =
            switch preset {
            case .fast: (30, .euler, 0...0.4, .taylorSeer(interval: 5, order: 3))
            case .quality: (50, .euler, 0...1, .none)
            }
    }
}
