import Imaging
import OmniGen2

extension PictureSettings {
    /// What a picture says about itself, in the text that most tools read.
    func infotext(_ image: Image, model: String) -> String {
        infotext(width: image.width, height: image.height, model: model)
    }

    func infotext(width: Int, height: Int, model: String) -> String {
        let range = request.guidanceRange
        var others = [
            (name: "Image CFG scale", value: "\(request.imageGuidance)"),
            (name: "CFG range", value: "\(range.lowerBound)-\(range.upperBound)"),
            (name: "Cache", value: request.cache.description),
        ]
        if let preset { others.append((name: "Preset", value: preset.rawValue)) }
        for adapter in adapters { others.append((name: "LoRA", value: "\(adapter.name):\(adapter.scale)")) }
        return GenerationParameters(
            prompt: request.prompt, negativePrompt: request.textGuidance > 1 ? request.negativePrompt : "",
            steps: request.steps, sampler: Automatic1111Samplers.name(of: request.scheduler),
            guidanceScale: request.textGuidance, seed: UInt32(truncatingIfNeeded: request.seed), width: width,
            height: height, model: model, others: others, version: "omnigen2 \(omniGen2Version)"
        ).text
    }
}
