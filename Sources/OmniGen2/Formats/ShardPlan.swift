import Layers

/// Which file of a part holds which tensor: one file, or shards of a limited size and an index.
struct ShardPlan {
    struct Shard {
        let file: String
        let tensors: [SafetensorsWriter.Tensor]
    }

    let shards: [Shard]
    /// The index, by its file's name; nil for one file.
    let index: (file: String, document: JSONValue)?

    /// - Parameters:
    ///   - stem: what the files' names begin with.
    ///   - maximumBytes: of a shard; a tensor that is larger has one to itself.
    init(_ tensors: [SafetensorsWriter.Tensor], stem: String, maximumBytes: Int) {
        var groups: [[SafetensorsWriter.Tensor]] = [[]]
        var (used, total) = (0, 0)
        for tensor in tensors {
            let bytes = tensor.elementType.byteCount(of: tensor.shape) ?? 0
            if used > 0, bytes > maximumBytes - used {
                groups.append([])
                used = 0
            }
            groups[groups.count - 1].append(tensor)
            used += bytes
            total += bytes
        }
        let count = groups.count
        shards = groups.enumerated().map { number, tensors in
            Shard(
                file: count == 1 ? "\(stem).safetensors" : Self.name(stem, number + 1, of: count), tensors: tensors)
        }
        guard count > 1 else {
            index = nil
            return
        }
        let files = shards.flatMap { shard in shard.tensors.map { ($0.name, JSONValue.string(shard.file)) } }
        index = (
            "\(stem).safetensors.index.json",
            [
                "metadata": ["total_size": .int(total)],
                "weight_map": .object(Dictionary(files) { $1 }),
            ]
        )
    }

    /// "model-00001-of-00002.safetensors".
    private static func name(_ stem: String, _ number: Int, of count: Int) -> String {
        func five(_ value: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(value)".count)) + "\(value)" }
        return "\(stem)-\(five(number))-of-\(five(count)).safetensors"
    }
}
