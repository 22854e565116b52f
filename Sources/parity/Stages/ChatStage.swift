import Diffusion
import OmniGen2
import QwenVL
import Torch

extension Stage {
    /// Texts of the chat, and the pictures drawn from its prompts.
    static let chat = Stage(name: "chat", files: ["chat.safetensors", "chat_cases.json"]) { goldens in
        let cases = "chat_cases.json"
        let settings = try goldens.json(cases)
        let writer = try RecordedText(goldens)
        for (name, item) in (settings.members ?? [:]).sorted(by: { $0.key < $1.key }) {
            try writer.compareChat(cases, name, item)
        }
        let file = "chat.safetensors"
        let encoder = try goldens.modelFolder().promptEncoder(.float32, goldens.device)
        let pipeline = try goldens.modelFolder().pipeline(.float32, goldens.device, promptEncoder: encoder)
        for name in goldens.cases(file) {
            guard let call = settings[name] else { throw ParityError("\(cases) has no case \(name)") }
            let prompt = try writer.prompt(call)
            let request = try chatRequest(goldens, file, name, call, pipeline)
            let text = try ChatStates.states(
                writer.states(prompt), ids: prompt.ids,
                negativePrompt: request.textGuidance > 1 ? request.negativePrompt : nil, encoder)
            let noise = try RecordedNoise(goldens, file, name, item: 0, of: 1)
            try PipelineRun(pipeline, request, noise, text: text).compare(goldens, file, name)
        }
    }

    /// Steps and size are those of the record; what a case does not say is the original pipeline's default.
    @Engine
    private static func chatRequest(
        _ goldens: Goldens, _ file: String, _ name: String, _ call: JSONValue, _ pipeline: Pipeline
    ) throws -> GenerationRequest {
        var request = GenerationRequest(prompt: call["prompt"]?.string ?? "")
        request.negativePrompt = call["negative_prompt"]?.string ?? request.negativePrompt
        request.references = try (call["images"]?.array ?? []).map { try goldens.image($0) }
        let latents = try goldens.recorded(file, "\(name).init_latents").shape
        let factor = pipeline.autoencoder.configuration.scaleFactor
        (request.height, request.width) = (latents[2] * factor, latents[3] * factor)
        request.steps =
            call["steps"]?.int
            ?? goldens.names(file).count { $0.hasPrefix("\(name).pred") && $0.last?.isNumber == true }
        request.textGuidance = call["text_guidance_scale"]?.double ?? 4
        request.imageGuidance = call["image_guidance_scale"]?.double ?? 1
        request.count = latents[0]
        return request
    }
}
