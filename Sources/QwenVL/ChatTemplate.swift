/// Conversations in the form Qwen2.5-VL was trained on, rendered as the checkpoint's Jinja template renders them.
///
/// Source: `chat_template.json` of the checkpoint; `_apply_chat_template` of OmniGen2's pipelines and data set.
package enum ChatTemplate {
    /// What the model is told when it makes pictures.
    package static let imageSystemPrompt =
        "You are a helpful assistant that generates high-quality images based on user instructions."
    /// What training tells it where the instruction was dropped.
    package static let droppedSystemPrompt = "You are a helpful assistant that generates images."
    /// What a conversation starts with that brings no system message.
    package static let defaultSystemPrompt = "You are a helpful assistant."
    /// The token that the features of a picture take the place of.
    package static let imagePad = "<|image_pad|>"
    private static let image = "<|vision_start|>\(imagePad)<|vision_end|>"

    package enum Role: String, Sendable, CaseIterable {
        case system, user, assistant
    }

    package enum Part: Equatable, Sendable {
        case text(String)
        case image
    }

    package struct Message: Equatable, Sendable {
        package var role: Role
        package var parts: [Part]

        package init(_ role: Role, _ parts: [Part]) {
            self.role = role
            self.parts = parts
        }

        package init(_ role: Role, _ text: String) { self.init(role, [.text(text)]) }
    }

    /// The conversation as text; with `addsGenerationPrompt` it ends where the assistant starts to write.
    package static func render(_ messages: [Message], addsGenerationPrompt: Bool) -> String {
        var text = ""
        if let first = messages.first, first.role != .system { text += turn(.system, defaultSystemPrompt) }
        for message in messages {
            let parts = message.parts.map { part in
                switch part {
                case .text(let content): content
                case .image: image
                }
            }
            text += turn(message.role, parts.joined())
        }
        return addsGenerationPrompt ? text + opening(.assistant) : text
    }

    private static func opening(_ role: Role) -> String { "<|im_start|>\(role.rawValue)\n" }

    /// What stands between a reply and the next turn.
    package static let replyEnd = "<|im_end|>"

    private static func turn(_ role: Role, _ content: String) -> String { "\(opening(role))\(content)\(replyEnd)\n" }

    /// A prompt for a picture. Source: `OmniGen2Pipeline._apply_chat_template`.
    package static func imagePrompt(_ prompt: String) -> String {
        render([Message(.system, imageSystemPrompt), Message(.user, prompt)], addsGenerationPrompt: false)
    }

    /// A prompt of the chat pipeline, the pictures numbered before it.
    /// Source: `OmniGen2ChatPipeline._apply_chat_template`.
    package static func chatPrompt(_ prompt: String, imageCount: Int) -> String {
        systemTurn() + chatTurn(prompt, imageCount: imageCount)
    }

    /// What a chat begins with.
    package static func systemTurn(_ prompt: String = imageSystemPrompt) -> String { turn(.system, prompt) }

    /// What a conversation goes on with: a message, its pictures numbered before it, and the opening of the reply.
    package static func chatTurn(_ message: String, imageCount: Int) -> String {
        let images = (0..<max(0, imageCount)).map { "<img\($0 + 1)>: \(image)" }
        return turn(.user, images.joined() + message) + opening(.assistant)
    }

    /// The instruction of a training example, nil where it is dropped.
    /// Source: `OmniGen2TrainDataset.process_item`.
    package static func trainingPrompt(_ instruction: String?) -> String {
        guard let instruction else {
            return render([Message(.system, droppedSystemPrompt), Message(.user, "")], addsGenerationPrompt: false)
        }
        return imagePrompt(instruction)
    }

    /// Repeats the pad of each picture as often as the picture has tokens.
    ///
    /// Source: `Qwen2_5_VLProcessor.__call__`. Throws `ChatTemplateError` if pads and pictures differ in number.
    package static func expandImagePads(in text: String, tokensPerImage: [Int]) throws(ChatTemplateError) -> String {
        let stretches = split(text, at: imagePad)
        guard stretches.count == tokensPerImage.count + 1 else {
            throw ChatTemplateError(pads: stretches.count - 1, images: tokensPerImage.count)
        }
        var expanded = stretches[0]
        for (count, stretch) in zip(tokensPerImage, stretches.dropFirst()) {
            expanded += String(repeating: imagePad, count: max(0, count)) + stretch
        }
        return expanded
    }

    private static func split(_ text: String, at separator: String) -> [String] {
        // By code units: as characters, a combining mark behind the separator would hide it.
        let units = Array(text.utf8)
        let pattern = Array(separator.utf8)
        var stretches: [String] = []
        var start = 0
        var position = 0
        while position < units.count {
            guard units[position...].starts(with: pattern) else {
                position += 1
                continue
            }
            stretches.append(String(decoding: units[start..<position], as: UTF8.self))
            position += pattern.count
            start = position
        }
        return stretches + [String(decoding: units[start...], as: UTF8.self)]
    }
}

/// A text whose image pads are not as many as its pictures.
package struct ChatTemplateError: Error, Equatable, CustomStringConvertible {
    package var pads: Int
    package var images: Int

    package var description: String {
        "chat prompt: expected one \(ChatTemplate.imagePad) for each of \(images) pictures, got \(pads)"
    }
}
