import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The LoRA files that requests may name.
enum AdapterFolder {
    /// Paths by name: each safetensors file without its ending, and each folder that holds an adapter.
    ///
    /// - Throws: `GenerationError.missing` when the folder cannot be read.
    static func names(in folder: String) throws -> [String: String] {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw GenerationError.missing("\(folder): no such folder of LoRA files")
        }
        let ending = ".safetensors"
        let adapters = entries.filter { !$0.hasPrefix(".") }.compactMap { entry -> (String, String)? in
            let path = "\(folder)/\(entry)"
            if entry.hasSuffix(ending) { return (String(entry.dropLast(ending.count)), path) }
            return Adapter.isIn(folder: path) ? (entry, path) : nil
        }
        return Dictionary(adapters) { first, _ in first }
    }
}
