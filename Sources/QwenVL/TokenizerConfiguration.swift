#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The parts of `tokenizer_config.json` and `special_tokens_map.json` that change which ids a text has.
struct TokenizerConfiguration: Decodable {
    /// A token is named by its content or by an object that holds it.
    struct Name: Decodable {
        var content: String

        private enum CodingKeys: CodingKey { case content }

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                content = name
            } else {
                content = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .content)
            }
        }
    }

    var tokenizerClass: String?
    var addsPrefixSpace: Bool?
    var splitsSpecialTokens: Bool?
    var addedTokens: [String: TokenizerAddedTokenEntry]?
    var paddingToken: Name?
    private var beginToken: Name?
    private var endToken: Name?
    private var unknownToken: Name?
    private var additionalSpecialTokens: [Name]?

    private enum CodingKeys: String, CodingKey {
        case tokenizerClass = "tokenizer_class"
        case addsPrefixSpace = "add_prefix_space"
        case splitsSpecialTokens = "split_special_tokens"
        case addedTokens = "added_tokens_decoder"
        case paddingToken = "pad_token"
        case beginToken = "bos_token"
        case endToken = "eos_token"
        case unknownToken = "unk_token"
        case additionalSpecialTokens = "additional_special_tokens"
    }

    var specialTokens: Set<String> {
        let named = [paddingToken, beginToken, endToken, unknownToken].compactMap(\.?.content)
        return Set(named + (additionalSpecialTokens ?? []).map(\.content))
    }

    func validate(path: String) throws(TokenizerError) {
        let classes = ["Qwen2Tokenizer", "Qwen2TokenizerFast", "PreTrainedTokenizerFast"]
        if let tokenizerClass, !classes.contains(tokenizerClass) {
            throw .unsupported(path: path, what: "tokenizer_class", expected: "Qwen2Tokenizer", got: tokenizerClass)
        }
        for (key, value) in [("add_prefix_space", addsPrefixSpace), ("split_special_tokens", splitsSpecialTokens)]
        where value == true {
            throw .unsupported(path: path, what: key, expected: "false", got: "true")
        }
    }
}

/// An added token as `tokenizer.json` and `tokenizer_config.json` write it; the flags default to the library's.
struct TokenizerAddedTokenEntry: Decodable {
    var id: Int?
    var content: String
    var special: Bool?
    var normalized: Bool?
    var stripsLeft: Bool?
    var stripsRight: Bool?
    var isSingleWord: Bool?

    private enum CodingKeys: String, CodingKey {
        case id, content, special, normalized
        case stripsLeft = "lstrip"
        case stripsRight = "rstrip"
        case isSingleWord = "single_word"
    }

    func token(id: Int) -> TokenizerAddedToken {
        TokenizerAddedToken(
            id: id, content: content, isSpecial: special ?? false, isNormalized: normalized ?? !(special ?? false),
            stripsLeft: stripsLeft ?? false, stripsRight: stripsRight ?? false, isSingleWord: isSingleWord ?? false)
    }
}

extension Decodable {
    /// Decodes JSON, telling what was decoded and where it failed in one line.
    static func decoded(from data: Data, path: String, what: String) throws(TokenizerError) -> Self {
        do {
            return try JSONDecoder().decode(Self.self, from: data)
        } catch let error as DecodingError {
            let (keys, reason) = error.keysAndReason
            let place = ([what] + keys).joined(separator: ".")
            throw .malformed(path: path, what: place, expected: "valid JSON", got: reason)
        } catch {
            throw .malformed(path: path, what: what, expected: "valid JSON", got: "\(error)")
        }
    }
}

extension DecodingError {
    fileprivate var keysAndReason: (keys: [String], reason: String) {
        let context: Context? =
            switch self {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context
            case .keyNotFound(let key, let context):
                Context(codingPath: context.codingPath, debugDescription: "no key \(key.stringValue)")
            @unknown default: nil
            }
        return (context?.codingPath.map(\.stringValue) ?? [], context?.debugDescription ?? "\(self)")
    }
}
