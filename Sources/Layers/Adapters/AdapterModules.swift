/// The linear layers of a model, found by any of the names that adapter files have for them.
struct AdapterModules {
    private var shapes: [String: [Int]] = [:]
    /// Paths by their spelling with underscores alone, as kohya writes them; more than one is ambiguous.
    private var paths: [String: [String]] = [:]

    /// What trainers and ComfyUI put before a dotted path; several may be there.
    private static let prefixes = ["base_model.model.", "model.", "transformer.", "diffusion_model.", "module."]
    /// What kohya and others put before a path of underscores.
    private static let underscoredPrefixes = ["lora_unet_", "lora_transformer_"]
    /// How the parts are called that text goes through.
    private static let languageModels = ["text_encoder", "text_encoders", "mllm", "lora_te", "lora_te1", "lora_mllm"]

    init(_ source: any WeightSource) {
        for name in source.names ?? [] where name.hasSuffix(".weight") {
            guard let shape = source.shape(of: name), shape.count == 2 else { continue }
            let path = String(name.dropLast(".weight".count))
            shapes[path] = shape
            paths[Self.underscored(path), default: []].append(path)
        }
    }

    enum Place: Equatable {
        /// - Parameter shape: of the weight, [outputs, inputs].
        case layer(path: String, shape: [Int])
        case nowhere(reason: String)
    }

    func place(of module: String) -> Place {
        var rest = module
        while true {
            if let shape = shapes[rest] { return .layer(path: rest, shape: shape) }
            guard let prefix = Self.prefixes.first(where: rest.hasPrefix) else { break }
            rest.removeFirst(prefix.count)
        }
        if let prefix = Self.underscoredPrefixes.first(where: rest.hasPrefix) {
            let found = paths[String(rest.dropFirst(prefix.count))] ?? []
            if found.count > 1 { return .nowhere(reason: "could be any of \(found.sorted().joined(separator: ", "))") }
            if let path = found.first, let shape = shapes[path] { return .layer(path: path, shape: shape) }
        }
        let belongsToText = Self.languageModels.contains { rest.hasPrefix($0 + ".") || rest.hasPrefix($0 + "_") }
        return .nowhere(reason: belongsToText ? "belongs to the language model" : "the model has no such layer")
    }

    private static func underscored(_ path: String) -> String {
        String(path.map { $0 == "." ? "_" : $0 })
    }
}
