import OmniGen2
import QwenVL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A vocabulary of our own in Qwen2's form: the 256 bytes, then a token for each merge, then the special tokens.
package struct TrainedTokenizer: Sendable {
    /// Those of Qwen2.5-VL that stand in its template, the one that asks for a picture, and the standing prompts: a small
    /// model would spend half of its tokens on their words.
    package static let specialTokens = [
        endOfText, "<|im_start|>", endOfMessage, "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
        ChatTemplate.imagePad, "<|video_pad|>", "<|img|>", ChatTemplate.imageSystemPrompt,
        ChatTemplate.droppedSystemPrompt, ChatTemplate.defaultSystemPrompt,
    ]
    package static let endOfText = "<|endoftext|>"
    package static let endOfMessage = ChatTemplate.replyEnd

    /// In the order in which they were learnt, which is their rank.
    private(set) var merges: [AdjacentPairs.Pair] = []
    /// The bytes of each token, the special ones left out.
    private var texts: [[UInt8]] = bytesInOrder.map { [$0] }
    private var ids: [[UInt8]: Int] = [:]

    /// Bytes by id: those that print first, as Qwen2's vocabulary numbers them.
    private static let bytesInOrder = (0...255).map { UInt8($0) }.sorted {
        TokenizerByteLevel.scalarOfByte[Int($0)] < TokenizerByteLevel.scalarOfByte[Int($1)]
    }

    private static let idOfByte: [Int] = {
        var ids = [Int](repeating: 0, count: 256)
        for (id, byte) in bytesInOrder.enumerated() { ids[Int(byte)] = id }
        return ids
    }()

    static func id(of byte: UInt8) -> Int { idOfByte[Int(byte)] }

    /// The number of tokens.
    package var size: Int { texts.count + Self.specialTokens.count }

    /// The id of a special token, nil for any other text.
    package func id(ofSpecial token: String) -> Int? {
        Self.specialTokens.firstIndex(of: token).map { texts.count + $0 }
    }

    /// The token that is all of a piece of text, nil where there is none.
    func token(of piece: [UInt8]) -> Int? { piece.count == 1 ? Self.id(of: piece[0]) : ids[piece] }

    /// Adds a merge and the token it gives, which may be there from another pair, and answers with the token's id.
    mutating func append(_ pair: AdjacentPairs.Pair) -> Int {
        merges.append(pair)
        let text = texts[pair.left] + texts[pair.right]
        if let id = ids[text] { return id }
        ids[text] = texts.count
        texts.append(text)
        return texts.count - 1
    }
}

extension TrainedTokenizer {
    /// The files of a `processor` folder that make up the tokenizer, by name.
    package func files() throws -> [(name: String, contents: Data)] {
        [
            ("tokenizer.json", try document.text()),
            ("tokenizer_config.json", try configuration.text()),
            ("vocab.json", try vocabulary.text()),
            ("merges.txt", Data((["#version: 0.2"] + mergeLines).map { $0 + "\n" }.joined().utf8)),
            ("added_tokens.json", try addedTokens.text()),
            ("special_tokens_map.json", try specialTokensMap.text()),
            ("chat_template.json", try JSONValue.object(["chat_template": .string(Self.chatTemplate)]).text()),
        ]
    }

    private func spelling(_ id: Int) -> String {
        String(decoding: texts[id].flatMap(TokenizerByteLevel.spelling(of:)), as: UTF8.self)
    }

    private var mergeLines: [String] { merges.map { "\(spelling($0.left)) \(spelling($0.right))" } }

    private var vocabulary: JSONValue {
        .object(Dictionary(texts.indices.map { (spelling($0), .int($0)) }) { first, _ in first })
    }

    private var numberedSpecialTokens: [(id: Int, content: String)] {
        Self.specialTokens.enumerated().map { (texts.count + $0, $1) }
    }

    private var addedTokens: JSONValue {
        .object(Dictionary(numberedSpecialTokens.map { ($0.content, .int($0.id)) }) { first, _ in first })
    }

    private static func description(_ content: String) -> [String: JSONValue] {
        [
            "content": .string(content), "lstrip": false, "normalized": false, "rstrip": false, "single_word": false,
        ]
    }

    private var document: JSONValue {
        let byteLevel: JSONValue = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
        ]
        let split: JSONValue = [
            "type": "Split", "pattern": ["Regex": .string(TokenizerPreTokenizer.pattern)], "behavior": "Isolated",
            "invert": false,
        ]
        return [
            "version": "1.0", "truncation": nil, "padding": nil,
            "added_tokens": .array(
                numberedSpecialTokens.map { id, content in
                    .object(Self.description(content).merging(["id": .int(id), "special": true]) { $1 })
                }),
            "normalizer": ["type": "NFC"],
            "pre_tokenizer": ["type": "Sequence", "pretokenizers": [split, byteLevel]],
            "post_processor": byteLevel, "decoder": byteLevel,
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "",
                "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": vocabulary, "merges": .array(mergeLines.map { .string($0) }),
            ],
        ]
    }

    private var configuration: JSONValue {
        let decoder = numberedSpecialTokens.map { id, content in
            (String(id), JSONValue.object(Self.description(content).merging(["special": true]) { $1 }))
        }
        return [
            "add_bos_token": false, "add_prefix_space": false,
            "added_tokens_decoder": .object(Dictionary(decoder) { first, _ in first }),
            "additional_special_tokens": .array(
                Self.specialTokens.filter { $0 != Self.endOfText }.map { .string($0) }),
            "bos_token": nil, "chat_template": .string(Self.chatTemplate), "clean_up_tokenization_spaces": false,
            "eos_token": .string(Self.endOfMessage), "errors": "replace", "extra_special_tokens": [:],
            "model_max_length": 131072, "pad_token": .string(Self.endOfText), "padding_side": "right",
            "processor_class": "Qwen2_5_VLProcessor", "split_special_tokens": false,
            "tokenizer_class": "Qwen2Tokenizer", "unk_token": nil,
        ]
    }

    private var specialTokensMap: JSONValue {
        [
            "additional_special_tokens": .array(
                Self.specialTokens.filter { $0 != Self.endOfText }.map { .string($0) }),
            "eos_token": .object(Self.description(Self.endOfMessage)),
            "pad_token": .object(Self.description(Self.endOfText)),
        ]
    }

    /// What `ChatTemplate` renders, as Jinja.
    private static let chatTemplate =
        "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\n"
        + "\(ChatTemplate.defaultSystemPrompt)<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
        + "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
        + "{% for part in message['content'] %}{% if part['type'] == 'image' or 'image' in part %}"
        + "<|vision_start|><|image_pad|><|vision_end|>{% elif part['type'] == 'video' or 'video' in part %}"
        + "<|vision_start|><|video_pad|><|vision_end|>{% elif 'text' in part %}{{ part['text'] }}{% endif %}"
        + "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
}
