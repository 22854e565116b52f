/// The index of a sharded checkpoint (`*.safetensors.index.json`): which file holds each tensor.
///
/// Source: `weight_map` as `save_pretrained` of transformers and diffusers writes it.
struct SafetensorsIndex {
    let path: String
    let fileOfName: [String: String]

    /// The shards, sorted.
    var files: [String] { Set(fileOfName.values).sorted() }

    /// Throws if the index cannot be read, is no such JSON, names a tensor twice, or names a file outside its folder.
    init(path: String) throws(SafetensorsError) {
        self.path = path
        let map = try MemoryMap(path: path)
        var scanner = JSONScanner(map.bytes)
        let weightMap: [String: String]?
        do {
            weightMap = try Self.weightMap(&scanner)
        } catch {
            throw SafetensorsError(
                file: path, tensor: error.member, reason: "malformed index at byte \(error.offset): \(error.reason)")
        }
        guard let weightMap, !weightMap.isEmpty else {
            throw SafetensorsError(file: path, reason: "the index has no weight_map")
        }
        for (name, file) in weightMap where file.contains("/") || !file.hasSuffix(".safetensors") {
            throw SafetensorsError(
                file: path, tensor: name, reason: "expected the name of a .safetensors file, got \(quoted(file))")
        }
        fileOfName = weightMap
    }

    private static func weightMap(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> [String: String]? {
        var weightMap: [String: String]?
        try scanner.object { scanner, key throws(JSONScanner.Failure) in
            guard key == "weight_map" else { return try scanner.skipValue() }
            var files: [String: String] = [:]
            try scanner.object { scanner, name throws(JSONScanner.Failure) in files[name] = try scanner.string() }
            weightMap = files
        }
        try scanner.end()
        return weightMap
    }
}
