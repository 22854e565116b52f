import Testing

@testable import QwenVL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

private enum TokenizerGoldens {
    static let folder = ProcessInfo.processInfo.environment["OMNIGEN2_GOLDENS"]

    static func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        let path = "\(folder ?? "")/\(name)"
        return try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func tokenizer(full: Bool) throws -> Tokenizer {
        struct Manifest: Decodable {
            var checkpoint: String
            var full_tokenizer: String
        }
        let manifest = try read(Manifest.self, "manifest.json")
        return try Tokenizer(
            folder: "\(folder ?? "")/" + (full ? manifest.full_tokenizer : "\(manifest.checkpoint)/processor"))
    }
}

/// Comparison with numbers recorded from the original, where `OMNIGEN2_GOLDENS` names their folder.
@Suite(.enabled(if: TokenizerGoldens.folder != nil))
struct TokenizerGoldenTests {
    private struct Texts: Decodable {
        struct Case: Decodable {
            var text: String
            var ids: [Int]
            var decoded: String
            var decoded_skip_special: String
        }
        struct Batch: Decodable {
            var texts: [String]
            var max_length: Int
            var input_ids: [[Int]]
            var attention_mask: [[Int]]
        }
        struct Single: Decodable {
            var id: Int
            var decoded: String
        }
        var full: [Case]
        var tiny: [Case]
        var padding_truncation: Batch
        var decode_single: [Single]
    }

    private func expectEqual(_ actual: String, _ expected: String) {
        #expect(Array(actual.utf8) == Array(expected.utf8), "\(expected.debugDescription)")
    }

    @Test(arguments: [true, false])
    func everyRecordedTextHasItsIDs(full: Bool) throws {
        let tokenizer = try TokenizerGoldens.tokenizer(full: full)
        let texts = try TokenizerGoldens.read(Texts.self, "tokenizer.json")
        for item in full ? texts.full : texts.tiny {
            #expect(tokenizer.encode(item.text) == item.ids, "\(item.text.debugDescription)")
            expectEqual(tokenizer.decode(item.ids), item.decoded)
            expectEqual(tokenizer.decode(item.ids, skipSpecialTokens: true), item.decoded_skip_special)
        }
        guard full else { return }
        for item in texts.decode_single { expectEqual(tokenizer.decode([item.id]), item.decoded) }
        let batch = texts.padding_truncation
        let actual = try tokenizer.encodeBatch(batch.texts, maximumLength: batch.max_length)
        #expect(actual == TokenBatch(ids: batch.input_ids, attentionMask: batch.attention_mask))
    }

    private struct Prompts: Decodable {
        struct Prompt: Decodable {
            var prompt: String
            var rendered: String
            var n_images: Int?
            var dropped: Bool?
            var ids_tiny: [Int]?
            var ids_full: [Int]?
        }
        struct Conversation: Decodable {
            struct Part: Decodable {
                var type: String
                var text: String?
            }
            struct Message: Decodable {
                var role: String
                var parts: [Part]

                private enum CodingKeys: CodingKey { case role, content }

                init(from decoder: any Decoder) throws {
                    let container = try decoder.container(keyedBy: CodingKeys.self)
                    role = try container.decode(String.self, forKey: .role)
                    if let text = try? container.decode(String.self, forKey: .content) {
                        parts = [Part(type: "text", text: text)]
                    } else {
                        parts = try container.decode([Part].self, forKey: .content)
                    }
                }
            }
            var messages: [Message]
            var add_generation_prompt: Bool
            var rendered: String
        }
        var pipeline: [Prompt]
        var chat: [Prompt]
        var train: [Prompt]
        var generic: [Conversation]
    }

    @Test func everyRecordedPromptIsRendered() throws {
        let prompts = try TokenizerGoldens.read(Prompts.self, "chat_template.json")
        for item in prompts.pipeline { expectEqual(ChatTemplate.imagePrompt(item.prompt), item.rendered) }
        for item in prompts.chat {
            expectEqual(ChatTemplate.chatPrompt(item.prompt, imageCount: item.n_images ?? 0), item.rendered)
        }
        for item in prompts.train {
            expectEqual(ChatTemplate.trainingPrompt(item.dropped == true ? nil : item.prompt), item.rendered)
        }
        for item in prompts.generic {
            let messages = try item.messages.map { message in
                ChatTemplate.Message(
                    try #require(ChatTemplate.Role(rawValue: message.role)),
                    message.parts.map { $0.type == "image" ? .image : .text($0.text ?? "") })
            }
            expectEqual(
                ChatTemplate.render(messages, addsGenerationPrompt: item.add_generation_prompt), item.rendered)
        }
        let (full, tiny) = (try TokenizerGoldens.tokenizer(full: true), try TokenizerGoldens.tokenizer(full: false))
        for item in prompts.pipeline + prompts.chat {
            #expect(full.encode(item.rendered) == item.ids_full)
            #expect(tiny.encode(item.rendered) == item.ids_tiny)
        }
    }

    @Test func everyRecordedChatPromptIsExpanded() throws {
        struct Case: Decodable {
            var prompt: String?
            var images: [[Int]]?
            var text: String?
        }
        for item in try TokenizerGoldens.read([String: Case].self, "mllm_cases.json").values {
            guard let prompt = item.prompt, let text = item.text else { continue }
            let sizes = try (item.images ?? []).map { try SmartResize(height: $0[1], width: $0[0]) }
            let rendered = ChatTemplate.chatPrompt(prompt, imageCount: sizes.count)
            let counts = sizes.map { ($0.height / 28) * ($0.width / 28) }
            expectEqual(try ChatTemplate.expandImagePads(in: rendered, tokensPerImage: counts), text)
        }
    }

    @Test func everyRecordedSizeIsComputed() throws {
        struct Case: Decodable {
            var height: Int
            var width: Int
            var factor: Int
            var min_pixels: Int
            var max_pixels: Int
            var result_hw: [Int]?
        }
        for item in try TokenizerGoldens.read([Case].self, "smart_resize.json") {
            let size = try? SmartResize(
                height: item.height, width: item.width, factor: item.factor, minimumPixels: item.min_pixels,
                maximumPixels: item.max_pixels)
            #expect(size.map { [$0.height, $0.width] } == item.result_hw, "\(item.height) x \(item.width)")
        }
    }
}
