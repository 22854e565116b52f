import Testing

@testable import QwenVL

struct ChatTemplateTests {
    private static let system =
        "<|im_start|>system\nYou are a helpful assistant that generates high-quality images based on user "
        + "instructions.<|im_end|>\n"

    @Test func anImagePromptEndsWithTheUsersTurn() {
        #expect(ChatTemplate.imagePrompt("A cat") == Self.system + "<|im_start|>user\nA cat<|im_end|>\n")
    }

    @Test func aChatPromptNumbersItsPicturesAndOpensTheAnswer() {
        let image = "<|vision_start|><|image_pad|><|vision_end|>"
        #expect(
            ChatTemplate.chatPrompt("Mix", imageCount: 2) == Self.system
                + "<|im_start|>user\n<img1>: \(image)<img2>: \(image)Mix<|im_end|>\n<|im_start|>assistant\n")
        #expect(
            ChatTemplate.chatPrompt("", imageCount: 0) == Self.system
                + "<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n")
    }

    @Test func aDroppedInstructionChangesTheSystemPrompt() {
        #expect(ChatTemplate.trainingPrompt("x") == ChatTemplate.imagePrompt("x"))
        #expect(
            ChatTemplate.trainingPrompt(nil)
                == "<|im_start|>system\nYou are a helpful assistant that generates images.<|im_end|>\n"
                + "<|im_start|>user\n<|im_end|>\n")
    }

    @Test func aConversationWithoutSystemMessageGetsTheDefaultOne() {
        let messages = [ChatTemplate.Message(.user, [.text("a"), .image]), ChatTemplate.Message(.assistant, "b")]
        #expect(
            ChatTemplate.render(messages, addsGenerationPrompt: false)
                == "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
                + "a<|vision_start|><|image_pad|><|vision_end|><|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n")
        #expect(ChatTemplate.render([], addsGenerationPrompt: true) == "<|im_start|>assistant\n")
    }

    @Test func padsAreRepeatedForEachPicture() throws {
        let text = "a<|image_pad|>\u{301}b<|image_pad|>"
        let expanded = try ChatTemplate.expandImagePads(in: text, tokensPerImage: [2, 3])
        let pad = ChatTemplate.imagePad
        #expect(Array(expanded.utf8) == Array("a\(pad)\(pad)\u{301}b\(pad)\(pad)\(pad)".utf8))
        #expect(throws: ChatTemplateError(pads: 2, images: 1)) {
            try ChatTemplate.expandImagePads(in: text, tokensPerImage: [1])
        }
    }
}
