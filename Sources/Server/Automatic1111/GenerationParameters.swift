import OmniGen2

/// How a picture was made, in the text that AUTOMATIC1111's web interface writes beside its pictures and reads again.
package struct GenerationParameters: Sendable {
    package var prompt: String
    package var negativePrompt: String
    package var steps: Int
    package var sampler: String
    package var scheduleType: String?
    package var guidanceScale: Double
    package var seed: UInt32
    package var width: Int
    package var height: Int
    package var model: String?
    package var denoisingStrength: Double?
    package var version: String?
    /// Further settings, in their order, before the version.
    package var others: [(name: String, value: String)]

    package init(
        prompt: String, negativePrompt: String = "", steps: Int, sampler: String, scheduleType: String? = nil,
        guidanceScale: Double, seed: UInt32, width: Int, height: Int, model: String? = nil,
        denoisingStrength: Double? = nil, others: [(name: String, value: String)] = [], version: String? = nil
    ) {
        self.prompt = prompt
        self.negativePrompt = negativePrompt
        self.steps = steps
        self.sampler = sampler
        self.scheduleType = scheduleType
        self.guidanceScale = guidanceScale
        self.seed = seed
        self.width = width
        self.height = height
        self.model = model
        self.denoisingStrength = denoisingStrength
        self.others = others
        self.version = version
    }

    /// Prompt, negative prompt if there is one, and a line of settings, each from a new line.
    package var text: String {
        var lines: [String] = []
        if !prompt.isEmpty { lines.append(prompt) }
        if !negativePrompt.isEmpty { lines.append("Negative prompt: \(negativePrompt)") }
        lines.append(settings.map { "\($0): \(Self.quoted($1))" }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }

    private var settings: [(String, String)] {
        var settings = [("Steps", "\(steps)"), ("Sampler", sampler)]
        if let scheduleType { settings.append(("Schedule type", scheduleType)) }
        settings += [
            ("CFG scale", Self.number(guidanceScale)), ("Seed", "\(seed)"), ("Size", "\(width)x\(height)"),
        ]
        if let model { settings.append(("Model", model)) }
        if let denoisingStrength { settings.append(("Denoising strength", Self.number(denoisingStrength))) }
        settings += others.map { ($0.name, $0.value) }
        if let version { settings.append(("Version", version)) }
        return settings
    }

    /// Whole numbers without a point.
    private static func number(_ value: Double) -> String {
        Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    /// A JSON string where the plain text could not be told from what follows it. Letters stay as they are.
    private static func quoted(_ value: String) -> String {
        guard value.unicodeScalars.contains(where: { $0 == "," || $0 == ":" || $0 == "\n" }) else { return value }
        return JSONValue.string(value).compactText
    }
}
