import Layers

/// Files that stand in for parts of a model: single files of ComfyUI, or any other safetensors file whose tensors are
/// recognised by their names. `nil` leaves a part to the model.
public struct ModelFiles: Sendable, Codable, Equatable {
    /// The diffusion transformer.
    public var transformer: String?
    /// The autoencoder.
    public var vae: String?
    /// The multimodal language model.
    public var mllm: String?
    /// A folder with the tokenizer's files.
    public var processor: String?

    /// Replaces nothing.
    public init() {}

    /// No part is left to a model but the processor, which no file of tensors carries.
    package var coverEveryPart: Bool { ModelFolder.Part.allCases.allSatisfy { self[$0] != nil } }

    package var isEmpty: Bool { self == ModelFiles() }

    package subscript(part: ModelFolder.Part) -> String? {
        switch part {
        case .transformer: transformer
        case .vae: vae
        case .mllm: mllm
        }
    }

    /// The tensors of the file given for a part.
    func tensors(_ part: ModelFolder.Part) throws -> SafetensorsFolder? {
        try self[part].map { SafetensorsFolder(file: try SafetensorsFile(path: $0)) }
    }
}
