#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How strongly an adapter's pairs act, where that is not written beside each: `adapter_config.json` of PEFT, the
/// metadata in which newer diffusers keep the same, or that of kohya.
struct AdapterConfiguration: Equatable {
    private var rank: Int?
    private var alpha: Double?
    private var ranks: [String: Int] = [:]
    private var alphas: [String: Double] = [:]
    private var usesRootOfRank = false

    init() {}

    /// What a file says of itself, else what `adapter_config.json` at `path` says, if there is one.
    init(metadata: [String: String], file: String, path: String?) throws {
        if let text = metadata["lora_adapter_metadata"] {
            self = try Self.decode(Data(text.utf8), origin: "\(file): lora_adapter_metadata")
        } else if let path, let data = FileManager.default.contents(atPath: path) {
            self = try Self.decode(data, origin: path)
        } else {
            alpha = metadata["ss_network_alpha"].flatMap { Double($0) }
        }
        guard alphas.values.allSatisfy(\.isFinite), alpha?.isFinite ?? true else {
            throw AdapterError.configuration(path: file, reason: "its alpha is not a finite number")
        }
    }

    /// The scale of a module's pair: alpha / rank, or alpha / sqrt(rank); 1 where no alpha is said.
    ///
    /// - Parameters:
    ///   - rank: that of the module's tensors.
    ///   - stored: the module's own alpha, which goes before any other.
    func scale(of module: String, rank: Int, stored: Double?) -> Double {
        guard let alpha = stored ?? Self.match(module, alphas) ?? alpha else { return 1 }
        return usesRootOfRank ? alpha / Double(rank).squareRoot() : alpha / Double(rank)
    }

    /// The rank a module's tensors have to have, if it is said.
    func rank(of module: String) -> Int? { Self.match(module, ranks) ?? rank }

    /// PEFT compares a pattern with the end of a path, from a point on. Of several that fit, the longest wins.
    private static func match<Value>(_ module: String, _ patterns: [String: Value]) -> Value? {
        let ordered = patterns.sorted { ($1.key.count, $0.key) < ($0.key.count, $1.key) }
        return ordered.first { pattern, _ in
            if module == pattern || module.hasSuffix("." + pattern) { return true }
            guard let expression = try? Regex("(?:.*\\.)?(?:\(pattern))") else { return false }
            return module.wholeMatch(of: expression) != nil
        }?.value
    }
}

extension AdapterConfiguration {
    private static func decode(_ json: Data, origin: String) throws -> AdapterConfiguration {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: json)
        } catch DecodingError.typeMismatch(_, let context) {
            let field = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw AdapterError.configuration(path: origin, reason: "\(field) has the wrong type")
        } catch {
            throw AdapterError.configuration(path: origin, reason: "is not a PEFT configuration")
        }
        if let type = fields.type, type.uppercased() != "LORA" {
            throw AdapterError.configuration(path: origin, reason: "peft_type \(quoted(type)) is not supported")
        }
        if fields.usesDoRA { throw AdapterError.configuration(path: origin, reason: "DoRA is not supported") }
        return fields.configuration
    }

    /// PEFT's fields, which the metadata of diffusers puts behind the name of the part.
    private struct Fields: Decodable {
        var configuration = AdapterConfiguration()
        let type: String?
        let usesDoRA: Bool

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(_ name: String) { stringValue = name }
            init?(stringValue: String) { self.init(stringValue) }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            func value<Value: Decodable>(_ name: String, _: Value.Type) throws -> Value? {
                try container.decodeIfPresent(Value.self, forKey: Key(name))
                    ?? container.decodeIfPresent(Value.self, forKey: Key("transformer." + name))
            }
            type = try value("peft_type", String.self)
            usesDoRA = try value("use_dora", Bool.self) ?? false
            configuration.rank = try value("r", Int.self)
            configuration.alpha = try value("lora_alpha", Double.self)
            configuration.ranks = try value("rank_pattern", [String: Int].self) ?? [:]
            configuration.alphas = try value("alpha_pattern", [String: Double].self) ?? [:]
            configuration.usesRootOfRank = try value("use_rslora", Bool.self) ?? false
        }
    }
}
