import Diffusion
import Imaging
import Layers
import QwenVL
import Torch

/// From a request to pictures: the image path. Tasks are inputs to it, not copies of it.
///
/// Source: `OmniGen2Pipeline` of `omnigen2/pipelines/omnigen2/pipeline_omnigen2.py`.
package struct Pipeline {
    /// `nil` where texts come as states alone.
    package let promptEncoder: PromptEncoder?
    package let transformer: Transformer
    package let autoencoder: Autoencoder
    /// Whether larger pictures spend more time near noise, as the checkpoint's scheduler says.
    package let shiftsTime: Bool
    package let dtype: DType
    package let device: Device

    package init(
        promptEncoder: PromptEncoder?, transformer: Transformer, autoencoder: Autoencoder, shiftsTime: Bool,
        dtype: DType,
        device: Device
    ) {
        self.promptEncoder = promptEncoder
        self.transformer = transformer
        self.autoencoder = autoencoder
        self.shiftsTime = shiftsTime
        self.dtype = dtype
        self.device = device
    }

    /// The same pipeline with another transformer.
    package func with(_ transformer: Transformer) -> Pipeline {
        Pipeline(
            promptEncoder: promptEncoder, transformer: transformer, autoencoder: autoencoder, shiftsTime: shiftsTime,
            dtype: dtype, device: device)
    }

    /// What a run passes through, for progress and for comparison with the original.
    package enum Event {
        case warning(String)
        case prompts(positive: Tensor, negative: Tensor?)
        case reference(Int, Tensor)
        case schedule(TimeSchedule)
        case initialLatents(Tensor)
        /// The guided prediction, and the branches it was made of.
        case prediction(step: Int, Tensor, [Guidance.Branch], DenoisingState)
        case latents(step: Int, Tensor)
        case preview(step: Int, Image)
        /// How many blocks ran, and how many the original would have run.
        case forwards(BlockForwards)
        case decoded(Tensor)
    }

    /// - Parameters:
    ///   - noise: where the random numbers come from.
    ///   - text: states of a text that was read elsewhere, in place of the request's prompts.
    ///   - observe: is told of each event; may throw to stop the run.
    package func callAsFunction(
        _ request: GenerationRequest, noise: any NoiseSource, text: TextStates? = nil,
        observe: (Event) throws -> Void = { _ in }
    ) throws -> [Image] {
        // 1. Sizes. References decide them before anything is computed.
        let canvas = try Canvas(
            request, multiple: autoencoder.configuration.scaleFactor * transformer.configuration.patchSize)
        try requireRoom(canvas)
        let mask = try EditMask(request)
        if let warning = canvas.warning { try observe(.warning(warning)) }
        // 2. Noise first: the stream's first numbers are the picture's, whatever the references need.
        let initial = try noise.initialLatents(latentShape(request, canvas), dtype).to(device)
        try observe(.initialLatents(initial))
        // 3. Text.
        let prompts =
            try text.map { try fitted($0, canvas.references, observe) }
            ?? encodePrompts(request, canvas.references, observe)
        try observe(.prompts(positive: prompts.positive, negative: prompts.negative))
        // 4. References.
        let references = try encodeReferences(canvas.references, request.referenceLatents, noise, observe)
        // 5. Noise to image.
        let held = try mask.map { try HeldLatents($0, canvas, source: references[0], noise: initial) }
        let latents = try denoise(initial, prompts, references, held, request, observe)
        // 6. Latents to pixels.
        let images = try decode(latents, canvas, observe)
        return try mask.map { mask in try images.map(mask.applied) } ?? images
    }

    /// - Throws: `GenerationError.invalid` when a picture has more patches a side than the model has places for.
    private func requireRoom(_ canvas: Canvas) throws(GenerationError) {
        let side =
            transformer.positions.largestSide * autoencoder.configuration.scaleFactor
            * transformer.configuration.patchSize
        for size in [canvas.drawn] + canvas.references.map({ PictureSize($0) }) {
            guard max(size.width, size.height) <= side else {
                throw .invalid("a picture of \(size.width)x\(size.height): sides go up to \(side) pixels in this model")
            }
        }
    }

    private func latentShape(_ request: GenerationRequest, _ canvas: Canvas) -> [Int] {
        let factor = autoencoder.configuration.scaleFactor
        return [
            request.count, transformer.configuration.inChannels, canvas.drawn.height / factor,
            canvas.drawn.width / factor,
        ]
    }

    private func decode(_ latents: Tensor, _ canvas: Canvas, _ observe: (Event) throws -> Void) throws -> [Image] {
        var decoded = try autoencoder.decode(latents)
        try observe(.decoded(decoded))
        guard try decoded.to(.float32).absolute().mean().floats().allSatisfy(\.isFinite) else {
            throw GenerationError.model(
                "the picture came out as numbers that are not finite: damaged weights, or a type too narrow for this "
                    + "model and guidance")
        }
        let output = canvas.output
        if canvas.finish == .stretch, output != canvas.drawn {
            decoded = try decoded.bilinearResized(height: output.height, width: output.width)
        }
        let images = try PixelTensors.images(decoded.to(.cpu))
        guard canvas.finish == .crop else { return images }
        return try images.map { try $0.cropped(width: output.width, height: output.height) }
    }

    /// How many text tokens fit beside references: the pictures stand behind the text in the transformer's rotary table,
    /// which limits both together.
    private func textCapacity(_ references: [Image]) -> Int {
        let pixels = autoencoder.configuration.scaleFactor * transformer.configuration.patchSize
        return transformer.positions.textCapacity(
            before: references.map { PatchGrid(rows: $0.height / pixels, columns: $0.width / pixels) })
    }

    /// Hidden states that condition a picture, [L, D] each.
    package struct TextStates {
        package let positive: Tensor
        /// `nil` when no step is guided.
        package let negative: Tensor?

        package init(positive: Tensor, negative: Tensor?) {
            self.positive = positive
            self.negative = negative
        }
    }

    /// States of a text that was read elsewhere, cut to what fits beside the references.
    private func fitted(
        _ text: TextStates, _ references: [Image], _ observe: (Event) throws -> Void
    ) throws -> TextStates {
        let capacity = textCapacity(references)
        guard capacity > 0 else { throw GenerationError.invalid("the references leave no room for a prompt") }
        let length = text.positive.size(0)
        if length > capacity {
            try observe(.warning("the message has \(length) tokens, \(capacity) are read for the picture"))
        }
        func cut(_ states: Tensor) throws -> Tensor { try states.narrowed(0, 0..<min(states.size(0), capacity)) }
        return TextStates(positive: try cut(text.positive), negative: try text.negative.map(cut))
    }

    private func encodePrompts(
        _ request: GenerationRequest, _ references: [Image], _ observe: (Event) throws -> Void
    ) throws -> TextStates {
        guard let promptEncoder else { throw GenerationError.invalid("a prompt needs a language model to read it") }
        let capacity = textCapacity(references)
        let limit = min(request.maxPromptTokens ?? capacity, capacity)
        guard limit > 0 else { throw GenerationError.invalid("the references leave no room for a prompt") }
        var warnings: [String] = []
        func tokens(_ name: String, _ text: String) throws -> [Int] {
            try promptEncoder.tokens(ChatTemplate.imagePrompt(text), maxTokens: limit) {
                warnings.append("the \(name) \($0)")
            }
        }
        var prompts = [try tokens("prompt", request.prompt)]
        if request.textGuidance > 1 { prompts.append(try tokens("negative prompt", request.negativePrompt)) }
        for warning in warnings { try observe(.warning(warning)) }
        let states = try prompts.map { try promptEncoder($0) }
        let negative = states.count > 1 ? states[1] : nil
        return TextStates(positive: states[0], negative: negative)
    }

    private func encodeReferences(
        _ references: [Image], _ kind: GenerationRequest.ReferenceLatents, _ noise: any NoiseSource,
        _ observe: (Event) throws -> Void
    ) throws -> [Tensor] {
        try references.enumerated().map { index, image in
            let posterior = try autoencoder.encode(PixelTensors.tensor(image).to(dtype).to(device))
            let drawn =
                switch kind {
                case .sample:
                    try posterior.sample(noise.posterior(index, posterior.mean.shape, dtype).to(device))
                case .mode: posterior.mean
                }
            let latent = try autoencoder.scaled(drawn).selected(0, 0)  // [C, h, w]
            try observe(.reference(index, latent))
            return latent
        }
    }

    private func denoise(
        _ initial: Tensor, _ prompts: TextStates, _ references: [Tensor], _ held: HeldLatents?,
        _ request: GenerationRequest, _ observe: (Event) throws -> Void
    ) throws -> Tensor {
        let guidance = Guidance(
            textScale: request.textGuidance, imageScale: references.isEmpty ? 1 : request.imageGuidance,
            range: request.guidanceRange)
        let latentPixels = initial.size(2) * initial.size(3)
        let schedule = TimeSchedule(steps: request.steps, latentPixels: shiftsTime ? latentPixels : nil)
        let sampler = SamplerKind(request.scheduler).makeSampler(schedule)
        try observe(.schedule(schedule))
        let state = DenoisingState(cache: StepCacheKind(request.cache))
        let guided = try GuidedTransformer(
            transformer, text: prompts.positive, negativeText: prompts.negative, references: references,
            latents: initial, timesteps: rounded(schedule.timesteps), state: state)
        var latents = initial
        for step in schedule.timesteps.indices {
            let branches = guidance.branches(step: step, of: request.steps)
            let velocities = try guided(latents, step: step, of: request.steps, branches, state)
            let prediction = try guidance.combine(velocities)
            try observe(.prediction(step: step, prediction, branches, state))
            if request.wantsPreview(afterStep: step) {
                let preview = try preview(latents, prediction, timestep: schedule.timesteps[step])
                try observe(.preview(step: step, preview))
            }
            latents = try sampler.step(step, sample: latents, velocity: prediction).to(dtype)
            if let held { latents = try held.applied(to: latents, time: schedule.next(after: step)) }
            try observe(.latents(step: step, latents))
        }
        try observe(.forwards(state.forwards))
        return latents
    }

    /// The original rounds times to the latents' type, which in bfloat16 moves the result.
    private func rounded(_ timesteps: [Float]) throws -> [Float] {
        try Tensor(timesteps, [timesteps.count]).to(dtype).to(.float32).floats()
    }
}

extension SamplerKind {
    init(_ scheduler: GenerationRequest.Scheduler) {
        switch scheduler {
        case .euler: self = .euler
        case .dpmSolver: self = .dpmSolver
        }
    }
}

extension StepCacheKind {
    init(_ cache: GenerationRequest.Cache) {
        switch cache {
        case .none: self = .none
        case .teaCache(let threshold): self = .teaCache(threshold: threshold)
        case .taylorSeer(let interval, let order): self = .taylorSeer(interval: interval, order: order)
        }
    }
}
