import Layers
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What training has made, as the contents of a file that models and adapters are loaded from.
package struct TrainedWeights {
    package let tensors: [SafetensorsWriter.Tensor]
    package let metadata: [String: String]

    /// What diffusers puts before the paths of the transformer's adapters.
    private static let adapterPrefix = "transformer."

    /// Every tensor of the model under its published name, or the pairs alone of an adapter, as diffusers and PEFT spell
    /// them, with rank and alpha in the metadata.
    ///
    /// - Parameters:
    ///   - values: what stands for the parameters, in their order: an average of them, for example.
    ///   - dtype: the number type of the file.
    package init(_ parameters: Parameters, values: [Tensor]? = nil, dtype: DType = .float32) throws {
        var named = try parameters.tensors(values)
        var metadata = ["format": "pt"]
        if let lowRank = parameters.lowRank {
            named = named.map { (Self.adapterPrefix + $0.name, $0.tensor) }
            metadata["lora_adapter_metadata"] = try Self.description(lowRank)
        }
        self.metadata = metadata
        tensors = named.map { name, tensor in
            .init(name: name, elementType: ElementType(dtype), shape: tensor.shape) { body in
                try tensor.detached().to(dtype).withBytes(body)
            }
        }
    }

    /// Writes one file; one of that name is replaced once the new one is complete.
    package func write(to path: String) throws {
        try SafetensorsWriter.write(tensors, metadata: metadata, to: path)
    }

    private static func description(_ options: LowRankOptions) throws -> String {
        struct Description: Encodable {
            let rank: Int
            let alpha: Double
            let targets: [String]

            enum CodingKeys: String, CodingKey {
                case rank = "transformer.r"
                case alpha = "transformer.lora_alpha"
                case targets = "transformer.target_modules"
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let description = Description(rank: options.rank, alpha: options.alpha, targets: options.targets)
        return String(decoding: try encoder.encode(description), as: UTF8.self)
    }
}
