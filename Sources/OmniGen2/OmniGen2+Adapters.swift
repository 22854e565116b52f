import Layers
import Torch

/// A LoRA adapter for drawing, and how strongly it acts.
public struct Adapter: Sendable, Equatable, Codable {
    /// A safetensors file, or a folder with `adapter_model.safetensors` or `pytorch_lora_weights.safetensors`.
    public var path: String
    /// What the adapter's own strength is multiplied by; 0 is the model without it, negative is away from it.
    public var scale: Double

    /// An adapter at its own strength, or at another.
    public init(path: String, scale: Double = 1) {
        self.path = path
        self.scale = scale
    }

    /// Whether a folder is one that `path` may name.
    package static func isIn(folder: String) -> Bool { AdapterFile.isIn(folder: folder) }
}

/// What of an adapter belongs to the model.
public struct AdapterReport: Sendable, Equatable, CustomStringConvertible {
    /// A key of the file that nothing was made of, and why.
    public struct UnmatchedKey: Sendable, Equatable {
        /// The tensor's name in the file.
        public let key: String
        /// Why it is not used.
        public let reason: String
    }

    /// The adapter's path as it was given.
    public let path: String
    /// Paths of the layers that are adapted.
    public let modules: [String]
    /// Keys of the file that nothing was made of.
    public let unmatched: [UnmatchedKey]
    /// The ranks of the pairs, each once, ascending.
    public let ranks: [Int]
    /// What the pairs' products are multiplied by, each once, ascending: alpha over rank, times the adapter's scale.
    public let scales: [Double]

    /// One line: `style.safetensors: 64 modules matched, 2 keys unmatched (…), rank 4, scale 1.0`.
    public var description: String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var text = "\(name): \(modules.count) \(modules.count == 1 ? "module" : "modules") matched"
        if let first = unmatched.first {
            text += ", \(unmatched.count) \(unmatched.count == 1 ? "key" : "keys") unmatched"
            text += " (\(unmatched.count == 1 ? "" : "such as ")\(first.key): \(first.reason))"
        }
        return text + ", rank \(Self.span(ranks)), scale \(Self.span(scales))"
    }

    private static func span<Value>(_ values: [Value]) -> String {
        guard let first = values.first, let last = values.last else { return "none" }
        return values.count == 1 ? "\(first)" : "\(first) to \(last)"
    }
}

extension OmniGen2 {
    /// Draws with these adapters from now on, in place of those of before. Their effects add up. The model is not read
    /// again, and none at all gives back the model of before, bit for bit.
    ///
    /// - Parameters:
    ///   - adapters: any number; the same file may be there more than once.
    ///   - merged: makes the adapters part of the weights: less work for each step, memory for a second copy of the
    ///     layers that are adapted, and below fp32 one more rounding.
    /// - Returns: a report for each adapter.
    /// - Throws: when a file is missing or damaged, or does not belong to this model; the adapters of before stay.
    @discardableResult
    public func setAdapters(_ adapters: [Adapter], merged: Bool = false) async throws -> [AdapterReport] {
        if let adapter = adapters.first(where: { !$0.scale.isFinite }) {
            throw GenerationError.invalid("\(adapter.path): an adapter's scale must be finite, got \(adapter.scale)")
        }
        return try await install(adapters, merged)
    }

    @Engine
    private func install(_ adapters: [Adapter], _ merged: Bool) throws -> [AdapterReport] {
        var set = AdapterSet(merged: merged)
        guard !adapters.isEmpty else {
            try resident.adapt(set)
            return []
        }
        guard try !merged || resident.folder.packedStorage == nil else {
            throw GenerationError.invalid(
                "\(resident.folder.path) is packed and cannot be changed: adapters act beside its weights, or are merged into a "
                    + "model in the published layout")
        }
        let layers = try resident.transformerShapes()
        let reports = try adapters.map { adapter in
            let match = try AdapterFile(path: adapter.path).match(layers)
            set.add(match.pairs, scale: adapter.scale)
            return AdapterReport(adapter, match)
        }
        try resident.adapt(set)
        return reports
    }
}

extension AdapterReport {
    init(_ adapter: Adapter, _ match: AdapterFile.Match) {
        path = adapter.path
        modules = match.pairs.keys.sorted()
        unmatched = match.unmatched.map { UnmatchedKey(key: $0.key, reason: $0.reason) }
        ranks = Set(match.pairs.values.map(\.rank)).sorted()
        scales = Set(match.pairs.values.map { $0.scale * adapter.scale }).sorted()
    }
}
