#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a tokenizer is built from.
struct TokenizerComponents {
    var vocabulary: TokenizerVocabulary
    var merges: BytePairEncoding
    var addedTokens: [TokenizerAddedToken] = []
    /// Text is composed (NFC) before it is encoded.
    var composes: Bool
    var paddingToken: String?
}

/// The files of a tokenizer in a checkpoint's `processor` folder.
struct TokenizerFiles {
    let folder: String

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    private func data(_ name: String) throws(TokenizerError) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path(name)))
        } catch {
            throw .unreadable(path: path(name), reason: "\(error)".split(separator: "\n").joined(separator: " "))
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws(TokenizerError) -> Value? {
        guard exists(name) else { return nil }
        return try type.decoded(from: try data(name), path: path(name), what: "settings")
    }

    /// Reads the folder as transformers does, with `tokenizer.json` before the older pair of files.
    func read() throws -> TokenizerComponents {
        guard exists("tokenizer.json") || (exists("vocab.json") && exists("merges.txt")) else {
            throw TokenizerError.missingFiles(folder: folder)
        }
        let configuration = try decode(TokenizerConfiguration.self, "tokenizer_config.json")
        try configuration?.validate(path: path("tokenizer_config.json"))
        var components: TokenizerComponents
        if exists("tokenizer.json") {
            let bytes = Array(try data("tokenizer.json"))
            components = try TokenizerDocument(path: path("tokenizer.json"), bytes: bytes).components()
        } else {
            components = try readVocabularyAndMerges()
        }
        try addTokens(of: configuration, to: &components)
        return components
    }

    private func readVocabularyAndMerges() throws -> TokenizerComponents {
        var scanner = TokenizerJSONScanner(path: path("vocab.json"), bytes: Array(try data("vocab.json")))
        let vocabulary = try TokenizerVocabulary(reading: &scanner)
        try scanner.end()
        var merges = BytePairEncoding(vocabulary: vocabulary)
        let lines = Array(try data("merges.txt")).split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.isEmpty || (index == 0 && line.starts(with: "#version".utf8)) { continue }
            var spelling = Array(line)
            try merges.append(spelling: &spelling, vocabulary: vocabulary, path: path("merges.txt"))
        }
        return TokenizerComponents(vocabulary: vocabulary, merges: merges, composes: true)
    }

    /// Adds the tokens listed outside `tokenizer.json`: those of `tokenizer_config.json`, or in older folders those of
    /// `added_tokens.json`. What `tokenizer.json` says of a token comes first, except that any file can make it special.
    private func addTokens(
        of configuration: TokenizerConfiguration?, to components: inout TokenizerComponents
    ) throws(TokenizerError) {
        let map = try decode(TokenizerConfiguration.self, "special_tokens_map.json")
        var special = configuration?.specialTokens ?? []
        var listed: [TokenizerAddedToken] = []
        if let tokens = configuration?.addedTokens {
            listed = try tokens.map { id, entry throws(TokenizerError) in
                guard let id = Int(id) else {
                    throw .malformed(
                        path: path("tokenizer_config.json"), what: "added_tokens_decoder", expected: "ids as keys",
                        got: id)
                }
                return entry.token(id: id)
            }
        } else {
            special.formUnion(map?.specialTokens ?? [])
            listed = (try decode([String: Int].self, "added_tokens.json") ?? [:]).map { content, id in
                TokenizerAddedToken(id: id, content: content, isNormalized: !special.contains(content))
            }
        }
        for token in listed.sorted(by: { $0.id < $1.id })
        where !components.addedTokens.contains(where: { $0.content == token.content }) {
            components.addedTokens.append(token)
        }
        special.formUnion(listed.filter(\.isSpecial).map(\.content))
        try components.settleAddedTokens(special: special, folder: folder)
        components.paddingToken = configuration?.paddingToken?.content ?? map?.paddingToken?.content
    }
}

extension TokenizerComponents {
    /// Gives tokens of the vocabulary their id there, marks the special ones, and checks that ids are not shared.
    fileprivate mutating func settleAddedTokens(special: Set<String>, folder: String) throws(TokenizerError) {
        var contentOfID: [Int: String] = [:]
        for index in addedTokens.indices {
            let content = addedTokens[index].content
            if let id = vocabulary.id(of: Array(content.utf8)) { addedTokens[index].id = id }
            if special.contains(content) { addedTokens[index].isSpecial = true }
            let id = addedTokens[index].id
            let other = contentOfID.updateValue(content, forKey: id)
            let isTaken = vocabulary.id(of: Array(content.utf8)) == nil && vocabulary.spelling(of: id) != nil
            if let other = other ?? (isTaken ? "the vocabulary" : nil) {
                throw .malformed(
                    path: folder, what: "added token \(content)", expected: "an id of its own",
                    got: "\(id), also of \(other)")
            }
        }
    }
}
