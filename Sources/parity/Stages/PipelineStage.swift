import Diffusion
import Imaging
import OmniGen2
import Torch

extension Stage {
    static let pipeline = Stage(name: "pipeline", files: ["pipeline.safetensors"]) { goldens in
        try comparePipelines(goldens, "pipeline.safetensors", "pipeline_cases.json", .float32)
    }

    static let pipelineBFloat16 = Stage(name: "pipeline_bf16", files: ["pipeline_bf16.safetensors"]) { goldens in
        try comparePipelines(goldens, "pipeline_bf16.safetensors", "pipeline_bf16_cases.json", .bfloat16)
    }

    static let caches = Stage(
        name: "caches", files: ["caches.safetensors", "caches_cases.json", "taylor_schedule.json"]
    ) { goldens in
        if goldens.lists("taylor_schedule.json") { try compareTaylorSchedule(goldens) }
        guard !goldens.cases("caches.safetensors").isEmpty else { return }
        try comparePipelines(goldens, "caches.safetensors", "caches_cases.json", .float32)
    }

    /// Which steps TaylorSeer computes.
    private static func compareTaylorSchedule(_ goldens: Goldens) throws {
        let file = "taylor_schedule.json"
        let recorded = try goldens.json(file)
        let types = (recorded["types"]?.array ?? []).compactMap(\.string)
        let cache = TaylorSeer()
        let output = try Tensor.zeros([1, 1])
        let computed = try types.indices.map { index in
            let step = CachedStep(index: index, count: types.count)
            guard try cache.forecast(step) == nil else { return false }
            try cache.record(step, output, output)
            return true
        }
        goldens.check(file, case: "types", computed == types.map { $0 == "full" })
        // The original's list of full steps starts with one 0 more.
        let full = [0] + computed.indices.filter { computed[$0] }
        goldens.check(file, case: "activated_steps", recorded["activated_steps"]?.ints == full)
    }

    private static func comparePipelines(
        _ goldens: Goldens, _ file: String, _ cases: String, _ dtype: DType
    ) throws {
        let pipeline = try goldens.modelFolder().pipeline(dtype, goldens.device)
        let settings = try goldens.json(cases)
        for name in goldens.cases(file) {
            guard let call = settings[name] else { throw ParityError("\(cases) has no case \(name)") }
            let run = try PipelineRun(goldens, file, name, call, pipeline)
            try run.compare(goldens, file, name)
            try run.compareCache(goldens, cases, name, call)
            let sizes = (call["output_sizes"]?.array ?? []).compactMap(\.ints)
            goldens.check(cases, case: "\(name).output_sizes", run.images.map { [$0.width, $0.height] } == sizes)
            goldens.check(
                cases, case: "\(name).transformer_forwards", run.forwards == call["transformer_forwards"]?.int)
        }
    }
}

/// One recorded call of the original's pipeline, made with ours: a list of prompts is a run for each.
struct PipelineRun {
    private(set) var images: [Image] = []
    private(set) var forwards = 0
    /// Of each forward, whether its layers ran, and how far TeaCache's input had moved behind it.
    private(set) var computed: [Bool] = []
    private(set) var distances: [Double] = []
    private var positive: [Tensor] = []
    private var negative: [Tensor] = []
    private var references: [(item: Int, index: Int, latent: Tensor)] = []
    private var initial: [Tensor] = []
    private var predictions: [[Tensor]] = []
    private var latents: [[Tensor]] = []
    private var decoded: [Tensor] = []
    private var timesteps: [Float] = []

    init(_ goldens: Goldens, _ file: String, _ name: String, _ call: JSONValue, _ pipeline: Pipeline) throws {
        let prompts = call["prompt"]?.array ?? [call["prompt"] ?? .null]
        for (index, prompt) in prompts.enumerated() {
            let request = try Self.request(goldens, name, call, prompt.string ?? "")
            let noise: any NoiseSource
            if let seed = call["generator_seed"]?.int, prompts.count == 1 {
                noise = SeededNoise(seed: UInt64(bitPattern: Int64(seed)))
            } else {
                noise = try RecordedNoise(goldens, file, name, item: index, of: prompts.count)
            }
            try run(pipeline, request, noise, item: index * request.count)
        }
    }

    /// One run, of a text that was read elsewhere.
    init(_ pipeline: Pipeline, _ request: GenerationRequest, _ noise: any NoiseSource, text: Pipeline.TextStates) throws
    {
        try run(pipeline, request, noise, item: 0, text: text)
    }

    private static func request(
        _ goldens: Goldens, _ name: String, _ call: JSONValue, _ prompt: String
    ) throws -> GenerationRequest {
        var request = GenerationRequest(prompt: prompt)
        request.negativePrompt = call["negative_prompt"]?.string ?? ""
        request.references = try (call["images"]?.array ?? []).map { try goldens.image($0) }
        let size = call["height_width"]?.ints ?? []
        guard size.count == 2 else { throw ParityError("\(name): height_width must be two numbers") }
        (request.height, request.width) = (size[0], size[1])
        request.steps = call["num_inference_steps"]?.int ?? 28
        request.textGuidance = call["text_guidance_scale"]?.double ?? 4
        request.imageGuidance = call["image_guidance_scale"]?.double ?? 1
        if let range = call["cfg_range"]?.array?.compactMap(\.double), range.count == 2 {
            request.guidanceRange = range[0]...range[1]
        }
        request.scheduler = name.contains("dpm") ? .dpmSolver : .euler
        if let threshold = call["teacache_rel_l1_thresh"]?.double { request.cache = .teaCache(threshold: threshold) }
        if name.contains("taylor") { request.cache = .originalTaylorSeer }
        request.count = call["num_images_per_prompt"]?.int ?? 1
        request.maxPixels = call["max_pixels"]?.int ?? 1024 * 1024
        request.maxInputSide = call["max_input_image_side_length"]?.int ?? 1024
        request.alignsToReference = call["align_res"]?.bool ?? true
        request.maxPromptTokens = call["max_sequence_length"]?.int
        return request
    }

    /// - Parameter item: the first row of the recorded batch that this run makes.
    private mutating func run(
        _ pipeline: Pipeline, _ request: GenerationRequest, _ noise: any NoiseSource, item: Int,
        text: Pipeline.TextStates? = nil
    ) throws {
        let drawn = try pipeline(request, noise: noise, text: text) { collect($0, request, item: item) }
        images += drawn
    }

    private mutating func collect(_ event: Pipeline.Event, _ request: GenerationRequest, item: Int) {
        func append(_ tensor: Tensor, _ step: Int, to lists: inout [[Tensor]]) {
            if lists.count <= step { lists.append([]) }
            lists[step].append(tensor)
        }
        switch event {
        case .prompts(let positive, let negative):
            self.positive += Array(repeating: positive, count: request.count)
            if let negative { self.negative += Array(repeating: negative, count: request.count) }
        case .reference(let index, let latent):
            references += (0..<request.count).map { (item + $0, index, latent) }
        case .schedule(let schedule): timesteps = schedule.timesteps
        case .initialLatents(let tensor): initial.append(tensor)
        case .prediction(let step, let tensor, let branches, let state):
            append(tensor, step, to: &predictions)
            // The original runs a list of prompts in one forward.
            guard item == 0 else { return }
            forwards += branches.count
            computed += branches.map(state.computed.contains)
            distances += branches.compactMap { (state.cache($0) as? TeaCache)?.distance }
        case .latents(let step, let tensor): append(tensor, step, to: &latents)
        case .decoded(let tensor): decoded.append(tensor)
        case .warning, .preview, .forwards: break
        }
    }

    func compare(_ goldens: Goldens, _ file: String, _ name: String) throws {
        func check(_ part: String, _ tensor: Tensor) throws {
            if goldens.has(file, "\(name).\(part)") { try goldens.check(file, "\(name).\(part)", tensor) }
        }
        try check("init_latents", Tensor.concatenated(initial, 0))
        try comparePrompts(goldens, file, "\(name).prompt", positive)
        try comparePrompts(goldens, file, "\(name).negative", negative)
        for (item, index, latent) in references { try check("ref\(item)_\(index)", latent) }
        for (step, parts) in predictions.enumerated() { try check("pred\(step)", Tensor.concatenated(parts, 0)) }
        for (step, parts) in latents.enumerated() { try check("latents\(step)", Tensor.concatenated(parts, 0)) }
        try check("timesteps", Tensor(timesteps, [timesteps.count]))
        try check("decoded", Tensor.concatenated(decoded, 0))
        for (index, image) in images.enumerated() {
            try check("image\(index)_u8", Tensor(image.pixels, [image.height, image.width, 3]))
        }
    }

    /// When the layers ran, if the record says it.
    func compareCache(_ goldens: Goldens, _ cases: String, _ name: String, _ call: JSONValue) throws {
        guard call["teacache_rel_l1_thresh"] != nil else { return }
        let recorded = call["computed"]?.array?.map { $0 == .bool(true) }
        goldens.check(cases, case: "\(name).computed", computed == recorded)
        let expected = call["accumulated_after_forward"]?.array?.compactMap(\.double) ?? []
        let agrees =
            expected.count == distances.count
            && zip(expected, distances).allSatisfy { abs($0 - $1) <= Self.distanceTolerance }
        goldens.check(cases, case: "\(name).accumulated_after_forward", agrees)
    }

    /// A sum of ratios of float32 means, each good to about 1e-4.
    private static let distanceTolerance = 1e-3

    private func comparePrompts(
        _ goldens: Goldens, _ file: String, _ prefix: String, _ states: [Tensor]
    ) throws {
        guard goldens.has(file, prefix + "_embeds") else { return }
        try goldens.check(file, prefix + "_embeds", rows: states)
        let width = try goldens.recorded(file, prefix + "_mask").size(1)
        let mask = states.flatMap { state in (0..<width).map { $0 < state.size(0) ? 1 : 0 } }
        try goldens.check(file, prefix + "_mask", mask)
    }
}

/// The noise a recorded call used.
final class RecordedNoise: NoiseSource {
    private let latents: Tensor
    private let posteriors: [Tensor]

    /// - Parameters:
    ///   - item: which of the call's `count` prompts; each takes an equal part of the recorded batch.
    init(_ goldens: Goldens, _ file: String, _ name: String, item: Int, of count: Int) throws {
        latents = try goldens.input(file, "\(name).init_latents").chunks(count, 0)[item]
        posteriors = try (0..<TransformerConfiguration.maximumReferences)
            .filter { goldens.has(file, "\(name).vae_noise\($0)") }
            .map { try goldens.input(file, "\(name).vae_noise\($0)") }
    }

    func initialLatents(_ shape: [Int], _ dtype: DType) throws -> Tensor { latents }

    func posterior(_ index: Int, _ shape: [Int], _ dtype: DType) throws -> Tensor {
        guard posteriors.indices.contains(index) else { throw ParityError("no recorded noise for reference \(index)") }
        return posteriors[index]
    }
}
