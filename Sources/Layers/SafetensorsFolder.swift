#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The weights of a model folder: one safetensors file, or shards that an index (`*.safetensors.index.json`) names.
///
/// The standard names of transformers (`model`) and diffusers (`diffusion_pytorch_model`) come first; a folder without them
/// may hold exactly one file or index of another name. A tensor that lies in a shard but is not in the index is ignored, as
/// a checkpoint of which another part is in use; one that lies in two shards is an error.
package final class SafetensorsFolder: Sendable {
    package let path: String
    package let files: [SafetensorsFile]
    /// All tensors, sorted by name.
    package let names: [String]
    private let fileOfName: [String: Int]

    /// Throws if there are no weights, if it is unclear which, or if a file or the index is malformed.
    package init(path: String) throws(SafetensorsError) {
        self.path = path
        let weights = try Self.weights(in: path)
        if weights.hasSuffix(Self.indexSuffix) {
            let index = try SafetensorsIndex(path: "\(path)/\(weights)")
            files = try index.files.map { file throws(SafetensorsError) in
                try Self.open(shard: file, of: index, in: path)
            }
            fileOfName = try Self.assign(index, to: files)
        } else {
            files = [try SafetensorsFile(path: "\(path)/\(weights)")]
            fileOfName = files[0].entries.mapValues { _ in 0 }
        }
        names = fileOfName.keys.sorted()
    }

    /// The tensors of one file.
    package init(file: SafetensorsFile) {
        path = file.path
        files = [file]
        fileOfName = file.entries.mapValues { _ in 0 }
        names = fileOfName.keys.sorted()
    }

    /// Where the tensor `name` lies; nil if there is none.
    package subscript(name: String) -> (file: SafetensorsFile, entry: SafetensorsEntry)? {
        guard let index = fileOfName[name], let entry = files[index].entries[name] else { return nil }
        return (files[index], entry)
    }
}

extension SafetensorsFolder {
    private static let suffix = ".safetensors"
    private static let indexSuffix = ".safetensors.index.json"

    /// The name of the single file or of the index.
    private static func weights(in folder: String) throws(SafetensorsError) -> String {
        let contents: [String]
        do {
            contents = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw SafetensorsError(file: folder, reason: "cannot list the folder")
        }
        let candidates = contents.filter { $0.hasSuffix(suffix) || $0.hasSuffix(indexSuffix) }
        let standard = ["model", "diffusion_pytorch_model"].flatMap { [$0 + suffix, $0 + indexSuffix] }
        let named = candidates.filter(standard.contains)
        let indexes = candidates.filter { $0.hasSuffix(indexSuffix) }
        let choices = !named.isEmpty ? named : !indexes.isEmpty ? indexes : candidates
        guard let choice = choices.first else {
            throw SafetensorsError(file: folder, reason: "no \(standard.joined(separator: ", ")) in the folder")
        }
        guard choices.count == 1 else {
            throw SafetensorsError(
                file: folder,
                reason: "unclear which weights to read: \(choices.map { quoted($0) }.joined(separator: ", "))")
        }
        return choice
    }

    private static func open(
        shard: String, of index: SafetensorsIndex, in folder: String
    ) throws(SafetensorsError) -> SafetensorsFile {
        let path = "\(folder)/\(shard)"
        guard FileManager.default.fileExists(atPath: path) else {
            throw SafetensorsError(file: path, reason: "this shard is missing; \(quoted(index.path)) names it")
        }
        return try SafetensorsFile(path: path)
    }

    /// Position of each tensor's file, after checking that the shards hold what the index says.
    private static func assign(
        _ index: SafetensorsIndex, to files: [SafetensorsFile]
    ) throws(SafetensorsError) -> [String: Int] {
        var holder: [String: Int] = [:]
        for (position, file) in files.enumerated() {
            for name in file.names {
                if let other = holder.updateValue(position, forKey: name) {
                    throw SafetensorsError(
                        file: file.path, tensor: name, reason: "is also in the shard \(quoted(files[other].path))")
                }
            }
        }
        let positions = Dictionary(uniqueKeysWithValues: index.files.enumerated().map { ($1, $0) })
        var assigned: [String: Int] = [:]
        for (name, file) in index.fileOfName.sorted(by: { $0.key < $1.key }) {
            guard let position = positions[file], holder[name] == position else {
                throw SafetensorsError(
                    file: index.path, tensor: name, reason: "expected in the shard \(quoted(file)), which lacks it")
            }
            assigned[name] = position
        }
        return assigned
    }
}
