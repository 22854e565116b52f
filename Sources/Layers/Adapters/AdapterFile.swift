import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A LoRA file, or a folder with one, in any spelling that trainers use.
package struct AdapterFile {
    private let file: SafetensorsFile
    private let configuration: AdapterConfiguration

    /// Names under which PEFT and diffusers save, in the order of preference; a configuration may lie beside them.
    private static let standardNames = ["adapter_model.safetensors", "pytorch_lora_weights.safetensors"]

    /// Opens a file or a folder; no tensor is read.
    ///
    /// - Throws: `AdapterError.missing`, `.configuration`, or `SafetensorsError` when the file is damaged.
    package init(path: String) throws {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw AdapterError.missing(path: path)
        }
        let file = try SafetensorsFile(path: isFolder ? Self.file(in: path) : path)
        let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
        let isStandard = Self.standardNames.contains(parts.last.map(String.init) ?? "")
        let beside = (parts.dropLast() + ["adapter_config.json"]).joined(separator: "/")
        configuration = try AdapterConfiguration(
            metadata: file.metadata, file: file.path, path: isStandard ? beside : nil)
        self.file = file
    }

    /// Whether a folder holds an adapter.
    package static func isIn(folder: String) -> Bool { (try? file(in: folder)) != nil }

    private static func file(in folder: String) throws -> String {
        let candidates = standardNames.map { "\(folder)/\($0)" }
        guard let found = candidates.first(where: FileManager.default.fileExists(atPath:)) else {
            throw AdapterError.missing(path: candidates.joined(separator: " or "))
        }
        return found
    }

    /// What of the file belongs to a model.
    package struct Match {
        /// By the paths of their layers, in the file's number type.
        package let pairs: [String: LowRankAdapter]
        package let unmatched: [UnmatchedKey]
    }

    /// The pairs that belong to the layers of `source`.
    ///
    /// - Throws: `AdapterError` when none does, or one has another shape than its layer.
    package func match(_ source: any WeightSource) throws -> Match {
        let modules = AdapterModules(source)
        var pairs: [String: LowRankAdapter] = [:]
        let (keys, others) = try keysByModule()
        var unmatched = others
        for (module, parts) in keys.sorted(by: { $0.key < $1.key }) {
            func leave(_ reason: String) {
                unmatched += parts.values.sorted().map { UnmatchedKey(key: $0, reason: reason) }
            }
            switch modules.place(of: module) {
            case .nowhere(let reason): leave(reason)
            case .layer(let path, let shape):
                guard let down = parts[.down], let up = parts[.up] else {
                    leave("the other half of its pair is missing")
                    continue
                }
                guard file.entries[down]?.shape.count != 4, file.entries[up]?.shape.count != 4 else {
                    leave("a convolution's pair")
                    continue
                }
                guard pairs[path] == nil else {
                    throw AdapterError.unusable(path: file.path, key: down, reason: "a second pair for \(path)")
                }
                pairs[path] = try pair(path, shape, down: down, up: up, alpha: parts[.alpha])
            }
        }
        unmatched.sort { $0.key < $1.key }
        guard !pairs.isEmpty else { throw AdapterError.nothingMatched(path: file.path, unmatched: unmatched) }
        return Match(pairs: pairs, unmatched: unmatched)
    }

    /// The keys of the parts of each module's pair, and those that are no part of any.
    private func keysByModule() throws -> ([String: [AdapterKey.Part: String]], [UnmatchedKey]) {
        var keys: [String: [AdapterKey.Part: String]] = [:]
        var unmatched: [UnmatchedKey] = []
        for key in file.names.sorted() {
            switch AdapterKey(key) {
            case .unknown(let reason): unmatched.append(UnmatchedKey(key: key, reason: reason))
            case .refused(let reason): throw AdapterError.unusable(path: file.path, key: key, reason: reason)
            case .part(let part, let module):
                if let other = keys[module, default: [:]].updateValue(key, forKey: part) {
                    throw AdapterError.unusable(
                        path: file.path, key: key, reason: "is the same part of a pair as \(quoted(other))")
                }
            }
        }
        return (keys, unmatched)
    }

    /// - Parameter weight: the layer's [outputs, inputs].
    private func pair(
        _ path: String, _ weight: [Int], down: String, up: String, alpha: String?
    ) throws -> LowRankAdapter {
        let said = configuration.rank(of: path)
        let rank = file.entries[down]?.shape.first ?? 0
        guard rank > 0, said == nil || said == rank, file.entries[down]?.shape == [rank, weight[1]] else {
            throw wrongShape(down, "[\(said.map(String.init) ?? "rank"), \(weight[1])]")
        }
        guard file.entries[up]?.shape == [weight[0], rank] else { throw wrongShape(up, "[\(weight[0]), \(rank)]") }
        let scale = configuration.scale(of: path, rank: rank, stored: try alpha.map(number))
        return LowRankAdapter(down: try tensor(down), up: try tensor(up), scale: scale)
    }

    private func wrongShape(_ key: String, _ expected: String) -> AdapterError {
        .wrongShape(path: file.path, key: key, expected: expected, got: file.entries[key]?.shape ?? [])
    }

    private func tensor(_ key: String) throws -> Tensor {
        guard let tensor = try CheckpointSource.tensor(key, in: file), tensor.dtype.isFloatingPoint else {
            throw AdapterError.unusable(path: file.path, key: key, reason: "expected floating point")
        }
        return tensor
    }

    /// The only element of a tensor.
    private func number(_ key: String) throws -> Double {
        guard let shape = file.entries[key]?.shape, shape.allSatisfy({ $0 == 1 }) else { throw wrongShape(key, "[]") }
        guard let value = try CheckpointSource.tensor(key, in: file)?.doubles().first, value.isFinite else {
            throw AdapterError.unusable(path: file.path, key: key, reason: "expected a finite number")
        }
        return value
    }
}
