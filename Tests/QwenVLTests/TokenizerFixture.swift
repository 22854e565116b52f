import Testing

@testable import QwenVL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A tokenizer of 256 bytes, 28 merges and 7 added tokens, written to a temporary folder.
///
/// The ids recorded in the tests are those of Hugging Face's tokenizers 0.21.4 for the same file.
struct TokenizerFixture {
    enum MergeForm { case pairs, strings }

    /// `Ġ` stands for a space and `Ċ`, `č` for line breaks, as in every byte-level vocabulary.
    static let merges = [
        "Ġ Ġ", "ĠĠ ĠĠ", "h e", "l l", "he ll", "hell o", "Ġ hello", "Ġ w", "Ġw o", "r l", "rl d", "Ġwo rld", "a a",
        "aa aa", "Ã ©", "' s", "' ll", "' S", "Å ¿", "' Å¿", "Ċ Ċ", "č Ċ", "1 2", "! !", "b c", "a b", "ab c", "c d",
    ]
    static let firstAddedID = 284
    static let addedTokens = [
        #"{"id":284,"content":"<|end|>","special":true,"normalized":false}"#,
        #"{"id":285,"content":"<|end|>>","normalized":false}"#,
        #"{"id":286,"content":"<tool>","normalized":false}"#,
        #"{"id":287,"content":"<L>","lstrip":true,"normalized":false}"#,
        #"{"id":288,"content":"<R>","rstrip":true,"normalized":false}"#,
        #"{"id":289,"content":"<W>","single_word":true,"normalized":false}"#,
        #"{"id":290,"content":"caf\u00e9!","normalized":true}"#,
    ]

    static var tokens: [String] {
        let alphabet = TokenizerByteLevel.scalarOfByte.sorted().compactMap { Unicode.Scalar($0).map { String($0) } }
        return alphabet + merges.map { $0.split(separator: " ").joined() }
    }

    static func quoted(_ text: some StringProtocol) -> String {
        let escaped = text.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }
        return "\"\(escaped.joined())\""
    }

    static var vocabulary: String {
        "{" + tokens.enumerated().map { "\(quoted($1)):\($0)" }.joined(separator: ",") + "}"
    }

    static func document(
        merges: [String] = merges, form: MergeForm = .pairs, addedTokens: [String] = addedTokens, type: String = "BPE",
        normalizer: String = "NFC", pattern: String = TokenizerPreTokenizer.pattern, mergesFirst: Bool = false
    ) -> String {
        let list = merges.map { merge in
            form == .strings ? quoted(merge) : "[\(merge.split(separator: " ").map(quoted).joined(separator: ", "))]"
        }
        let parts = [#""vocab": \#(vocabulary)"#, #""merges": [\#(list.joined(separator: ",\n"))]"#]
        return """
            {"version": "1.0", "truncation": null, "added_tokens": [\(addedTokens.joined(separator: ","))],
            "normalizer": {"type": "\(normalizer)"},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
              {"type": "Split", "pattern": {"Regex": \(quoted(pattern))}, "behavior": "Isolated", "invert": false},
              {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}]},
            "post_processor": null, "decoder": {"type": "ByteLevel"},
            "model": {"type": "\(type)", "dropout": null, \((mergesFirst ? parts.reversed() : parts).joined(separator: ", "))}}
            """
    }

    /// Writes files to a new folder and passes it to `body`.
    static func withFolder<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokenizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
        return try body(folder.path)
    }

    static func tokenizer(_ files: [String: String]) throws -> Tokenizer {
        try withFolder(files) { try Tokenizer(folder: $0) }
    }

    static func tokenizer() throws -> Tokenizer { try tokenizer(["tokenizer.json": document()]) }

    /// The error of reading a folder with these files, nil if it can be read.
    static func failure(_ files: [String: String]) -> TokenizerError? {
        do {
            _ = try tokenizer(files)
            return nil
        } catch {
            return error as? TokenizerError
        }
    }
}

/// Random cases that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
