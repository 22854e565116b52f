import Hummingbird
import OmniGen2

/// `GET /v1/models`, and what this server offers beyond that.
struct ModelRoutes {
    let runner: JobRunner
    let gate: ModelGate
    let modelName: String
    let configuration: ServerConfiguration
    private let started = Clock.now

    init(runner: JobRunner, gate: ModelGate, modelName: String, configuration: ServerConfiguration) {
        (self.runner, self.gate, self.modelName, self.configuration) = (runner, gate, modelName, configuration)
    }

    func add(to router: RouterGroup<ServerContext>) {
        router.get("v1/models") { _, _ in Response.json(["object": "list", "data": [model]]) }
        router.get("v1/models/**") { request, context in
            let name = context.parameters.getCatchAll().joined(separator: "/").replacing("%2F", with: "/")
            guard name == modelName else {
                throw APIError(
                    404, .invalidRequest, "the model '\(name.prefix(80))' is not served here: \(modelName) is",
                    parameter: "model", code: "model_not_found")
            }
            return Response.json(model)
        }
        router.get("v1/capabilities") { _, _ in Response.json(await capabilities()) }
    }

    private var model: JSONValue {
        ["id": .string(modelName), "object": "model", "created": .int(Int(started)), "owned_by": "omnigen2"]
    }

    private func capabilities() async -> JSONValue {
        let limits = configuration.limits
        var defaults = PictureSettings(runner.settings.defaults).json
        defaults["seed"] = .null
        defaults["max_tokens"] = .int(TextOptions.defaultMaxTokens)
        return [
            "version": .string(omniGen2Version), "model": .string(modelName), "loaded": .bool(await gate.isOpen),
            "tasks": ["generate", "edit", "compose", "describe", "chat"],
            "schedulers": .array(GenerationRequest.Scheduler.allCases.map { .string($0.rawValue) }),
            "caches": .array(
                [.none, .teaCache(threshold: GenerationRequest.Cache.defaultTeaCacheThreshold), .originalTaylorSeer]
                    .map { (cache: GenerationRequest.Cache) in .string(cache.description) }),
            "presets": .object(
                Dictionary(uniqueKeysWithValues: Preset.allCases.map { ($0.rawValue, settings(of: $0)) })),
            "loras": .array(runner.settings.adapters.keys.sorted().map { ["name": .string($0)] }),
            "defaults": defaults,
            "limits": [
                "images": .int(GenerationRequest.maximumReferences), "n": .int(limits.count),
                "num_inference_steps": .int(limits.steps), "pixels": .int(limits.pixels),
                "side": .int(GenerationRequest.largestSide), "size_multiple": .int(GenerationRequest.sizeMultiple),
                "body_bytes": .int(limits.bodyBytes), "input_pixels": .int(limits.inputPixels),
                "max_tokens": .int(limits.replyTokens),
            ],
            "image_urls_allowed": .bool(configuration.allowsImageURLs),
            "authentication": .bool(configuration.keys != nil),
        ]
    }

    /// What a preset sets.
    private func settings(of preset: Preset) -> JSONValue {
        var request = GenerationRequest(prompt: "")
        request.apply(preset)
        let all = PictureSettings(request).json
        let names = ["num_inference_steps", "scheduler", "cfg_range", "cache"]
        return .object(Dictionary(uniqueKeysWithValues: names.map { ($0, all[$0] ?? .null) }))
    }
}
