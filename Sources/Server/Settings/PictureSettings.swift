import Imaging
import OmniGen2

/// How a picture is asked for: what every endpoint that draws understands, under the names that OpenAI, diffusers and vLLM-Omni
/// use. What is written by ``json`` reads as the same again, with nothing left open.
package struct PictureSettings: Sendable, Equatable {
    /// Everything but the pictures.
    package var request: GenerationRequest
    package var output = PictureFormat()
    /// By the names the server gives them.
    package var adapters: [NamedAdapter] = []
    package var preset: Preset?

    /// A LoRA file of the server's folder.
    package struct NamedAdapter: Sendable, Equatable {
        package var name: String
        package var scale: Double
    }

    /// The settings of a request.
    package init(_ request: GenerationRequest) { self.request = request }

    /// - Parameter server: what the server draws where the request says nothing, and what it allows.
    package init(_ fields: inout Fields, _ server: SettingsContext) throws(APIError) {
        request = server.defaults
        request.prompt = try fields.text("prompt", server.limits) ?? ""
        request.negativePrompt = try fields.text("negative_prompt", server.limits) ?? request.negativePrompt
        try readPreset(&fields, server)
        let hasSize = try readSize(&fields, server.limits)
        try readCount(&fields, server.limits)
        try readSteps(&fields, server.limits)
        try readGuidance(&fields)
        try readEditing(&fields, aligns: !hasSize)
        try readSeed(&fields)
        output = try PictureFormat(&fields)
        adapters = try Self.adapters(fields.document("lora"), server.adapters)
    }

    private mutating func readPreset(_ fields: inout Fields, _ server: SettingsContext) throws(APIError) {
        guard let preset = try fields.choice("preset", Preset.allCases.map(\.rawValue)).flatMap(Preset.init) else {
            return
        }
        self.preset = preset
        request.apply(preset)
    }

    /// - Returns: whether a size was asked for, and not left to the model or to a picture.
    private mutating func readSize(_ fields: inout Fields, _ limits: RequestLimits) throws(APIError) -> Bool {
        var hasSize = false
        if let size = try fields.string("size"), size != "auto" {
            let sides = size.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
            guard sides.count == 2, let width = sides[0], let height = sides[1] else {
                throw .invalid("size must be WIDTHxHEIGHT or auto, got '\(size.prefix(40))'", "size")
            }
            (request.width, request.height, hasSize) = (width, height, true)
        }
        if let width = try fields.int("width") { (request.width, hasSize) = (width, true) }
        if let height = try fields.int("height") { (request.height, hasSize) = (height, true) }
        let sides = GenerationRequest.sizeMultiple...GenerationRequest.largestSide
        guard sides.contains(request.width), sides.contains(request.height) else {
            throw .invalid(
                "a side must have \(sides.lowerBound) to \(sides.upperBound) pixels, got \(request.width)x\(request.height)",
                "size")
        }
        guard request.width * request.height <= limits.pixels else {
            throw .invalid(
                "a picture may have \(limits.pixels) pixels, got \(request.width)x\(request.height)", "size")
        }
        if let pixels = try fields.int("max_pixels") {
            let smallest = GenerationRequest.sizeMultiple * GenerationRequest.sizeMultiple
            guard pixels >= smallest else {
                throw .invalid("max_pixels must be at least \(smallest), got \(pixels)", "max_pixels")
            }
            request.maxPixels = pixels
        }
        request.maxPixels = min(request.maxPixels, limits.pixels)
        return hasSize
    }

    private mutating func readCount(_ fields: inout Fields, _ limits: RequestLimits) throws(APIError) {
        if let count = try fields.int("n", "num_images_per_prompt", "num_outputs_per_prompt") {
            guard (1...limits.count).contains(count) else {
                throw .invalid("n must be between 1 and \(limits.count), got \(count)", "n")
            }
            request.count = count
        }
    }

    private mutating func readSteps(_ fields: inout Fields, _ limits: RequestLimits) throws(APIError) {
        if let steps = try fields.int("num_inference_steps", "steps") { request.steps = steps }
        guard (1...limits.steps).contains(request.steps) else {
            throw .invalid(
                "num_inference_steps must be between 1 and \(limits.steps), got \(request.steps)", "num_inference_steps"
            )
        }
        let solvers = GenerationRequest.Scheduler.allCases.map(\.rawValue)
        if let name = try fields.choice("scheduler", solvers), let solver = GenerationRequest.Scheduler(rawValue: name)
        {
            request.scheduler = solver
        }
        if let text = try fields.string("cache") {
            guard let cache = GenerationRequest.Cache(text) else {
                throw .invalid(
                    "cache must be none, teacache[:threshold] or taylorseer[:interval[:order]], got '\(text.prefix(40))'",
                    "cache")
            }
            request.cache = cache
        }
    }

    private mutating func readGuidance(_ fields: inout Fields) throws(APIError) {
        if let scale = try fields.double("guidance_scale", "text_guidance_scale", "true_cfg_scale") {
            request.textGuidance = scale
        }
        if let scale = try fields.double("guidance_scale_2", "image_guidance_scale") { request.imageGuidance = scale }
        for (name, scale) in [("guidance_scale", request.textGuidance), ("guidance_scale_2", request.imageGuidance)] {
            guard (0...1000).contains(scale) else {
                throw .invalid("\(name) must be between 0 and 1000, got \(scale)", name)
            }
        }
        var range = (request.guidanceRange.lowerBound, request.guidanceRange.upperBound)
        if let ends = try fields.document("cfg_range") {
            guard let numbers = ends.array, numbers.count == 2, let from = numbers[0].double, let to = numbers[1].double
            else { throw .invalid("cfg_range must be two numbers, got \(ends.excerpt)", "cfg_range") }
            range = (from, to)
        }
        range.0 = try fields.double("cfg_range_start") ?? range.0
        range.1 = try fields.double("cfg_range_end") ?? range.1
        guard 0 <= range.0, range.0 <= range.1, range.1 <= 1 else {
            throw .invalid("cfg_range must ascend within 0 and 1, got \(range.0) to \(range.1)", "cfg_range")
        }
        request.guidanceRange = range.0...range.1
    }

    /// - Parameter aligns: whether a single picture decides the size, where the request does not say; a size that is asked for
    ///   is what is meant.
    private mutating func readEditing(_ fields: inout Fields, aligns: Bool) throws(APIError) {
        let name = "max_input_image_side_length"
        if let side = try fields.int(name) {
            let sides = GenerationRequest.sizeMultiple...GenerationRequest.largestSide
            guard sides.contains(side) else {
                throw .invalid(
                    "\(name) must be between \(sides.lowerBound) and \(sides.upperBound), got \(side)", name)
            }
            request.maxInputSide = side
        }
        request.alignsToReference = try fields.bool("align_res") ?? aligns
        request.keepsExactSize = try fields.bool("exact_size") ?? false
        if let kind = try fields.choice(
            "reference_latents", GenerationRequest.ReferenceLatents.allCases.map(\.rawValue)),
            let latents = GenerationRequest.ReferenceLatents(rawValue: kind)
        {
            request.referenceLatents = latents
        }
    }

    private mutating func readSeed(_ fields: inout Fields) throws(APIError) {
        let seed = try fields.int("seed") ?? -1
        guard (-1...Int(UInt32.max)).contains(seed) else {
            throw .invalid("seed must be between 0 and \(UInt32.max), or -1 for any, got \(seed)", "seed")
        }
        request.seed = seed == -1 ? UInt64(UInt32.random(in: 0...UInt32.max)) : UInt64(seed)
    }

    /// - Parameter document: a name, an object with name and scale, or an array of these.
    private static func adapters(
        _ document: JSONValue?, _ names: [String: String]
    ) throws(APIError) -> [NamedAdapter] {
        guard let document else { return [] }
        let entries = document.array ?? [document]
        guard entries.count <= 8 else { throw .invalid("lora may have 8 entries, got \(entries.count)", "lora") }
        var adapters: [NamedAdapter] = []
        for entry in entries {
            guard let name = entry.string ?? entry["name"]?.string ?? entry["lora_name"]?.string else {
                throw .invalid("lora must have a name, got \(entry.excerpt)", "lora")
            }
            let scale = (entry["scale"] ?? entry["lora_scale"])?.double ?? 1
            guard names[name] != nil else {
                throw .invalid("there is no LoRA '\(name.prefix(80))' here", "lora", code: "lora_not_found")
            }
            guard scale.isFinite, abs(scale) <= 100 else { throw .invalid("a LoRA's scale must be within 100", "lora") }
            adapters.append(NamedAdapter(name: name, scale: scale))
        }
        return adapters
    }
}

extension PictureSettings {
    /// Every setting with its value, under the names that are read.
    package var json: JSONValue {
        let range = request.guidanceRange
        var members: [String: JSONValue] = [
            "width": .int(request.width), "height": .int(request.height),
            "prompt": .string(request.prompt), "negative_prompt": .string(request.negativePrompt),
            "n": .int(request.count), "num_inference_steps": .int(request.steps),
            "guidance_scale": .double(request.textGuidance), "guidance_scale_2": .double(request.imageGuidance),
            "cfg_range": [.double(range.lowerBound), .double(range.upperBound)],
            "scheduler": .string(request.scheduler.rawValue), "cache": .string(request.cache.description),
            "seed": .int(Int(request.seed)), "max_pixels": .int(request.maxPixels),
            "max_input_image_side_length": .int(request.maxInputSide), "align_res": .bool(request.alignsToReference),
            "exact_size": .bool(request.keepsExactSize),
            "reference_latents": .string(request.referenceLatents.rawValue),
            "output_format": .string(output.format.rawValue), "output_compression": .int(output.compression),
        ]
        if let preset { members["preset"] = .string(preset.rawValue) }
        if !adapters.isEmpty {
            members["lora"] = .array(
                adapters.map { .object(["name": .string($0.name), "scale": .double($0.scale)]) })
        }
        return .object(members)
    }
}

extension SettingsContext {
    /// The files that a request's adapters stand for.
    func paths(of adapters: [PictureSettings.NamedAdapter]) -> [Adapter] {
        adapters.compactMap { adapter in
            self.adapters[adapter.name].map { Adapter(path: $0, scale: adapter.scale) }
        }
    }
}

/// What settings are read against.
package struct SettingsContext: Sendable {
    package var defaults: GenerationRequest
    package var limits: RequestLimits
    /// Paths of the LoRA files that may be used, by name.
    package var adapters: [String: String]

    package init(defaults: GenerationRequest, limits: RequestLimits, adapters: [String: String]) {
        (self.defaults, self.limits, self.adapters) = (defaults, limits, adapters)
    }
}

extension Fields {
    /// A text for the model, which may be as long as the server allows.
    mutating func text(_ name: String, _ limits: RequestLimits) throws(APIError) -> String? {
        guard let text = try string(name) else { return nil }
        let count = text.unicodeScalars.count
        guard count <= limits.promptCharacters else {
            throw .invalid("\(name) has \(count) characters, \(limits.promptCharacters) are allowed", name)
        }
        return text
    }

    /// One of a few words.
    mutating func choice(_ name: String, _ allowed: [String]) throws(APIError) -> String? {
        guard let word = try string(name) else { return nil }
        guard allowed.contains(word) else {
            throw .invalid("\(name) must be one of \(allowed.joined(separator: ", ")), got '\(word.prefix(40))'", name)
        }
        return word
    }
}
