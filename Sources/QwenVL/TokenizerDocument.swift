#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `tokenizer.json`, the file of Hugging Face's tokenizers library.
///
/// Vocabulary and merges, nearly all of the file, are read by the scanner; the small rest is decoded.
struct TokenizerDocument {
    let path: String
    let bytes: [UInt8]
    private var vocabulary: TokenizerVocabulary?
    private var merges: BytePairEncoding?
    private var normalizer: Component?
    private var preTokenizer: Component?
    private var postProcessor: Component?
    private var decoder: Component?
    private var addedTokens: [TokenizerAddedToken] = []

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// A stage of the tokenizer; the fields of the stages that Qwen2's has.
    private struct Component: Decodable {
        struct Pattern: Decodable {
            var regex: String?
            private enum CodingKeys: String, CodingKey { case regex = "Regex" }
        }

        var type: String
        var normalizers: [Component]?
        var pretokenizers: [Component]?
        var pattern: Pattern?
        var behavior: String?
        var invert: Bool?
        var addsPrefixSpace: Bool?
        var usesRegex: Bool?

        private enum CodingKeys: String, CodingKey {
            case type, normalizers, pretokenizers, pattern, behavior, invert
            case addsPrefixSpace = "add_prefix_space"
            case usesRegex = "use_regex"
        }

        /// The stages of a sequence, or the stage itself.
        var stages: [Component] { type == "Sequence" ? normalizers ?? pretokenizers ?? [] : [self] }
    }

    /// Reads the file. Throws `TokenizerError` if it is broken or of another kind than Qwen2's.
    func components() throws -> TokenizerComponents {
        var document = self
        var scanner = TokenizerJSONScanner(path: path, bytes: bytes)
        try scanner.object { scanner, key in
            switch String(decoding: key, as: UTF8.self) {
            case "model": try document.readModel(&scanner)
            case "normalizer": document.normalizer = try decode(&scanner, "normalizer")
            case "pre_tokenizer": document.preTokenizer = try decode(&scanner, "pre_tokenizer")
            case "post_processor": document.postProcessor = try decode(&scanner, "post_processor")
            case "decoder": document.decoder = try decode(&scanner, "decoder")
            case "added_tokens":
                let entries: [TokenizerAddedTokenEntry]? = try decode(&scanner, "added_tokens")
                document.addedTokens = try (entries ?? []).map { entry in
                    guard let id = entry.id, id >= 0 else {
                        throw malformed("added token \(entry.content)", "an id", "none")
                    }
                    return entry.token(id: id)
                }
            default: try scanner.skipValue()
            }
        }
        try scanner.end()
        return try document.validated()
    }

    private func decode<Value: Decodable>(
        _ scanner: inout TokenizerJSONScanner, _ what: String
    ) throws -> Value? {
        let range = try scanner.skipValue()
        return try Value?.decoded(from: Data(bytes[range]), path: path, what: what)
    }

    private func malformed(_ what: String, _ expected: String, _ got: String) -> TokenizerError {
        .malformed(path: path, what: what, expected: expected, got: got)
    }

    private mutating func readModel(_ scanner: inout TokenizerJSONScanner) throws {
        var mergesPosition: Int?
        try scanner.object { scanner, key in
            switch String(decoding: key, as: UTF8.self) {
            case "vocab":
                vocabulary = try TokenizerVocabulary(reading: &scanner)
            case "merges" where vocabulary == nil:
                // Their tokens have no ids yet.
                _ = scanner.peek()
                mergesPosition = scanner.position
                try scanner.skipValue()
            case "merges":
                try readMerges(&scanner)
            case "fuse_unk", "unk_token":
                // Without effect on a vocabulary that has all bytes.
                try scanner.skipValue()
            case let option:
                try checkOption(option, String(decoding: bytes[try scanner.skipValue()], as: UTF8.self))
            }
        }
        if let mergesPosition {
            let end = scanner.position
            scanner.seek(to: mergesPosition)
            try readMerges(&scanner)
            scanner.seek(to: end)
        }
    }

    private func checkOption(_ option: String, _ value: String) throws(TokenizerError) {
        let allowed: [String: [String]] = [
            "type": ["\"BPE\""], "dropout": ["null"], "continuing_subword_prefix": ["\"\"", "null"],
            "end_of_word_suffix": ["\"\"", "null"], "byte_fallback": ["false"], "ignore_merges": ["false"],
        ]
        guard let values = allowed[option], !values.contains(value) else { return }
        throw .unsupported(path: path, what: "model.\(option)", expected: values[0], got: value)
    }

    private mutating func readMerges(_ scanner: inout TokenizerJSONScanner) throws {
        guard let vocabulary else { throw malformed("model", "a vocab", "none") }
        var merges = BytePairEncoding(vocabulary: vocabulary)
        var spelling: [UInt8] = []
        try scanner.array { scanner in
            spelling.removeAll(keepingCapacity: true)
            if scanner.peek() == UInt8(ascii: "[") {
                var parts = 0
                try scanner.array { scanner in
                    if parts > 0 { spelling.append(0x20) }
                    try scanner.string(into: &spelling)
                    parts += 1
                }
            } else {
                try scanner.string(into: &spelling)
            }
            try merges.append(spelling: &spelling, vocabulary: vocabulary, path: path)
        }
        self.merges = merges
    }

    private func validated() throws(TokenizerError) -> TokenizerComponents {
        guard let vocabulary else { throw malformed("model", "a vocab", "none") }
        guard let merges else { throw malformed("model", "merges", "none") }
        let normalizers = normalizer?.stages ?? []
        try require("normalizer", normalizers.allSatisfy { $0.type == "NFC" }, "NFC", normalizers)
        let stages = preTokenizer?.stages ?? []
        try require("pre_tokenizer", Self.isQwen2(stages), "Qwen2's Split and ByteLevel", stages)
        let afterwards = postProcessor?.stages ?? []
        try require("post_processor", afterwards.allSatisfy { $0.type == "ByteLevel" }, "ByteLevel", afterwards)
        try require("decoder", decoder?.type == "ByteLevel", "ByteLevel", decoder.map { [$0] } ?? [])
        return TokenizerComponents(
            vocabulary: vocabulary, merges: merges, addedTokens: addedTokens, composes: !normalizers.isEmpty)
    }

    private static func isQwen2(_ stages: [Component]) -> Bool {
        guard stages.count == 2 else { return false }
        let (split, bytes) = (stages[0], stages[1])
        return split.type == "Split" && split.pattern?.regex == TokenizerPreTokenizer.pattern
            && split.behavior == "Isolated" && split.invert != true
            && bytes.type == "ByteLevel" && bytes.addsPrefixSpace == false && bytes.usesRegex == false
    }

    private func require(
        _ what: String, _ isSupported: Bool, _ expected: String, _ stages: [Component]
    ) throws(TokenizerError) {
        guard !isSupported else { return }
        let got = stages.map { stage in
            [stage.type, stage.pattern?.regex].compactMap(\.self).joined(separator: " ")
        }
        throw .unsupported(
            path: path, what: what, expected: expected, got: got.isEmpty ? "none" : got.joined(separator: ", "))
    }
}

extension TokenizerVocabulary {
    /// Reads a JSON object from spellings to ids.
    init(reading scanner: inout TokenizerJSONScanner) throws {
        // About what a token takes in the file, with its merge.
        self.init(capacity: scanner.bytes.count / 24)
        try scanner.object { scanner, spelling in
            let id = try scanner.integer()
            guard insert(spelling, id: id) else {
                throw TokenizerError.malformed(
                    path: scanner.path, what: "vocabulary",
                    expected: "distinct tokens with distinct ids up to \(Self.maximumID)",
                    got: "\"\(String(decoding: spelling, as: UTF8.self))\" with id \(id)")
            }
        }
    }
}

extension BytePairEncoding {
    /// Adds a merge written as two tokens with a space between; `spelling` is left without the space.
    mutating func append(
        spelling: inout [UInt8], vocabulary: TokenizerVocabulary, path: String
    ) throws(TokenizerError) {
        let rank = count
        guard let space = spelling.firstIndex(of: 0x20), space > 0, space + 1 < spelling.count,
            spelling.lastIndex(of: 0x20) == space
        else {
            throw .malformed(
                path: path, what: "merge \(rank)", expected: "two tokens",
                got: "\"\(String(decoding: spelling, as: UTF8.self))\"")
        }
        spelling.remove(at: space)
        let (left, right) = spelling.withUnsafeBufferPointer { text in
            (
                vocabulary.id(of: UnsafeBufferPointer(rebasing: text[..<space])),
                vocabulary.id(of: UnsafeBufferPointer(rebasing: text[space...]))
            )
        }
        // Vocabularies are numbered in the order of their merges, behind the 256 bytes.
        let result = vocabulary.id(of: spelling, guess: 256 + rank)
        guard let left, let right, let result else {
            let unknown = left == nil ? spelling[..<space] : right == nil ? spelling[space...] : spelling[...]
            throw .unknownMergeToken(path: path, merge: rank, token: String(decoding: unknown, as: UTF8.self))
        }
        guard append(left: left, right: right, result: result) else {
            throw .malformed(
                path: path, what: "merge \(rank)", expected: "a pair not merged before",
                got: "\"\(String(decoding: spelling, as: UTF8.self))\"")
        }
    }
}
