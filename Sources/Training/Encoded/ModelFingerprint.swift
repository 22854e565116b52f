import Hashing
import Layers
import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// By what the parts of a model that encode samples are told from those of another one.
struct ModelFingerprint: Codable, Equatable, Sendable {
    let vae: String
    let mllm: String
    let processor: String

    /// - Throws: when a part cannot be read.
    init(_ model: ModelFolder) throws {
        vae = try Self.of(.vae, model)
        mllm = try Self.of(.mllm, model)
        processor = Self.ofProcessor(model)
    }

    /// Which parts of a model are not those of the fingerprint, and which it lacks and cannot be compared.
    func comparison(with model: ModelFolder) throws -> (different: [String], missing: [String]) {
        var (different, missing): ([String], [String]) = ([], [])
        func compare(_ name: String, _ exists: Bool, _ expected: String, _ found: () throws -> String) rethrows {
            if !exists { missing.append(name) } else if try found() != expected { different.append(name) }
        }
        for (part, expected) in [(ModelFolder.Part.vae, vae), (.mllm, mllm)] {
            let exists =
                model.files[part] != nil || FileManager.default.fileExists(atPath: "\(model.path)/\(part.rawValue)")
            try compare(part.rawValue, exists, expected) { try Self.of(part, model) }
        }
        let hasProcessor = FileManager.default.fileExists(atPath: model.processorFolder)
        compare("processor", hasProcessor, processor) { Self.ofProcessor(model) }
        return (different, missing)
    }

    /// Larger tensors are looked at in a few places: training changes them everywhere.
    private static let wholeBytes = 1 << 20
    private static let places = 4
    private static let placeBytes = 4096

    private static func of(_ part: ModelFolder.Part, _ model: ModelFolder) throws -> String {
        let tensors = try model.tensors(part)
        var lines = [hash(of: try model.configurationDocument(part).text())]
        for name in tensors.names {
            guard let (file, entry) = tensors[name] else { continue }
            let bytes = try file.bytes(of: entry)
            lines.append("\(name) \(entry.elementType.rawValue) \(entry.shape) \(hash(of: bytes))")
        }
        return hash(of: Data(lines.joined(separator: "\n").utf8))
    }

    private static func hash(of bytes: UnsafeRawBufferPointer) -> String {
        guard bytes.count > wholeBytes else { return Digest(.sha256, of: bytes).hexadecimal }
        let hashes = (0..<places).map { place in
            let start = (bytes.count - placeBytes) * place / (places - 1)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + placeBytes])
            return Digest(.sha256, of: piece).hexadecimal
        }
        return hashes.joined()
    }

    private static func hash(of data: Data) -> String { data.withUnsafeBytes { Digest(.sha256, of: $0).hexadecimal } }

    /// What a tokenizer can be read from.
    private static func ofProcessor(_ model: ModelFolder) -> String {
        let names = [
            "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "added_tokens.json",
            "special_tokens_map.json",
        ]
        let lines = names.compactMap { name in
            FileManager.default.contents(atPath: "\(model.processorFolder)/\(name)").map { "\(name) \(hash(of: $0))" }
        }
        return hash(of: Data(lines.joined(separator: "\n").utf8))
    }
}
