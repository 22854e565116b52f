import Torch

/// The tensors that stand beside the weights of a scaled fp8 file: a weight is its stored number times its scale.
///
/// Two spellings exist, both of ComfyUI: `scale_weight` with an empty `scaled_fp8` for the whole file, and `weight_scale`
/// with a `comfy_quant` for each weight. Scales of the layers' inputs serve its fp8 arithmetic; here they have no use.
package struct Float8Scales: Sendable {
    /// The scale of a weight, by the weight's name.
    package let scaleOfWeight: [String: String]
    /// Every name that is no tensor of the model.
    package let names: Set<String>

    private static let scales = ["scale_weight", "weight_scale"]
    private static let unused = ["scaled_fp8", "scale_input", "input_scale", "comfy_quant"]
    private static let foreign = ["weight_scale_2", "pre_quant_scale"]

    /// - Throws: `SafetensorsError` for a quantisation other than one scale for a weight.
    package init(_ tensors: SafetensorsFolder) throws {
        var scaleOfWeight: [String: String] = [:]
        var names: Set<String> = []
        for name in tensors.names {
            let (parent, last) = Self.split(name)
            if Self.foreign.contains(last) {
                throw SafetensorsError(
                    file: tensors.path, tensor: name,
                    reason: "this quantisation is not supported; fp8 weights with one scale each are")
            }
            if Self.unused.contains(last) { names.insert(name) }
            guard Self.scales.contains(last), let scale = tensors[name]?.entry else { continue }
            let weight = parent + "weight"
            let type = tensors[weight].flatMap { DType($0.entry.elementType) }
            guard scale.shape.allSatisfy({ $0 == 1 }), DType(scale.elementType)?.isFloatingPoint == true,
                type?.isFloatingPoint == true
            else {
                throw SafetensorsError(
                    file: tensors.path, tensor: name,
                    reason: "scale of shape \(scale.shape) for a weight of type "
                        + "\(tensors[weight]?.entry.elementType.rawValue ?? "none"); expected one number for an fp8 weight"
                )
            }
            scaleOfWeight[weight] = name
            names.insert(name)
        }
        self.scaleOfWeight = scaleOfWeight
        self.names = names
    }

    private static func split(_ name: String) -> (parent: String, last: String) {
        guard let dot = name.lastIndex(of: ".") else { return ("", name) }
        return (String(name[...dot]), String(name[name.index(after: dot)...]))
    }
}

/// A checkpoint whose fp8 weights are multiplied by their scales when they are read.
package final class ScaledFloat8Source: WeightSource {
    private let source: CheckpointSource
    private let scales: Float8Scales
    package let names: [String]?

    package init(_ source: CheckpointSource, _ scales: Float8Scales) {
        self.source = source
        self.scales = scales
        names = source.names?.filter { !scales.names.contains($0) }
    }

    package var origin: String { source.origin }

    package func shape(of name: String) -> [Int]? { source.shape(of: name) }
    package func releaseMemory(of name: String) { source.releaseMemory(of: name) }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        guard let tensor = try source.tensor(name, shape, initial: initial) else { return nil }
        guard let scaleName = scales.scaleOfWeight[name],
            let scale = try source.tensor(scaleName, [], initial: .ones)
        else { return tensor }
        return try tensor.to(.float32) * scale.to(.float32).reshaped([])
    }
}
