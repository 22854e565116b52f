import Diffusion
import Imaging
import Layers
import QwenVL
import Torch

/// Foresees what runs of a model take. Of the model only names, shapes, configurations and tokenizer are read.
@Engine
struct Planner {
    let folder: ModelFolder
    let precision: OmniGen2.Precision
    private let transformer, languageModel, autoencoder: PartFootprint
    private let transformerConfiguration: TransformerConfiguration
    private let languageConfiguration: LanguageModelConfiguration
    private let autoencoderConfiguration: AutoencoderConfiguration
    private let tokenizer: Tokenizer

    /// Of program, libraries and what they keep, where nothing was measured.
    private static let usualProgramBytes = 180_000_000
    /// What pictures and answers are computed with.
    private static let textBytes = 1_000_000_000

    init(_ folder: ModelFolder, _ precision: OmniGen2.Precision) throws {
        (self.folder, self.precision) = (folder, precision)
        let dtype = precision.dtype
        transformer = try folder.footprint(.transformer, dtype, .cpu)
        languageModel = try folder.footprint(.mllm, dtype, .cpu)
        autoencoder = try folder.footprint(.vae, dtype, .cpu)
        transformerConfiguration = try folder.transformerConfiguration()
        languageConfiguration = try folder.languageModelConfiguration()
        autoencoderConfiguration = try folder.autoencoderConfiguration()
        tokenizer = try folder.tokenizer()
    }

    /// - Parameters:
    ///   - limit: bytes to stay below.
    ///   - speed: how fast the machine is, where that is to be said.
    func plan(_ request: GenerationRequest, limit: Int?, _ speed: MachineSpeed?) throws -> RunPlan {
        let shape = try shape(request)
        let memory = forecast(shape, speed)
        let readsBlocks = limit.map { memory.peak(readsBlocks: false) > $0 } ?? false
        let bytes = memory.stages(readsBlocks: readsBlocks)
        let seconds = speed.map { time(memory, $0).stages(readsBlocks: readsBlocks) }
        let stages = RunPlan.Stage.Kind.allCases.compactMap { kind in
            kind == .references && shape.references.isEmpty
                ? nil : RunPlan.Stage(kind: kind, memory: bytes[kind] ?? 0, seconds: seconds?[kind])
        }
        let fits = limit.map { memory.peak(readsBlocks: readsBlocks) <= $0 } ?? true
        return RunPlan(
            width: shape.drawn.width, height: shape.drawn.height,
            references: shape.references.map { "\($0.width)x\($0.height)" }, steps: shape.steps.count,
            fullSteps: shape.steps.filter { !$0.isEmpty }.count, stages: stages, readsBlocks: readsBlocks,
            memoryLimit: limit, remedies: try fits ? [] : remedies(request, limit: limit ?? 0, speed))
    }

    /// Whether all blocks of a model can be in memory, where nothing is known of what it will be asked for: for drawing, an
    /// edit of a picture of its own size is assumed.
    static func fits(
        _ folder: ModelFolder, _ precision: OmniGen2.Precision, _ use: OmniGen2.Use, _ limit: Int
    ) throws -> Bool {
        // Text needs no more of a model than its language half, and there may be no more.
        if use == .text, !folder.holds(.transformer) {
            let bytes = try folder.footprint(.mllm, precision.dtype, .cpu).pieces.reduce(0) { $0 + $1.bytes }
            return usualProgramBytes + bytes + textBytes <= limit
        }
        return try !Planner(folder, precision).plan(.usual(for: folder), limit: limit, nil).readsBlocks
    }

    private func forecast(_ shape: RunShape, _ speed: MachineSpeed?) -> MemoryForecast {
        MemoryForecast(
            shape: shape, transformer: transformer, languageModel: languageModel, autoencoder: autoencoder,
            configuration: transformerConfiguration,
            autoencoderChannels: autoencoderConfiguration.blockOutChannels.first ?? 1, dtype: precision.dtype,
            programBytes: speed?.programBytes ?? Self.usualProgramBytes)
    }

    private func time(_ memory: MemoryForecast, _ speed: MachineSpeed) -> TimeForecast {
        TimeForecast(
            memory: memory, speed: speed, languageLayerCount: languageConfiguration.layerCount,
            autoencoder: autoencoderConfiguration)
    }

    private func shape(_ request: GenerationRequest) throws -> RunShape {
        func tokens(_ text: String) -> Int {
            let count = tokenizer.encode(ChatTemplate.imagePrompt(text)).count
            return min(count, request.maxPromptTokens ?? count)
        }
        return try RunShape(
            request, texts: (tokens(request.prompt), tokens(request.negativePrompt)),
            pixelsOfToken: autoencoderConfiguration.scaleFactor * transformerConfiguration.patchSize)
    }

    /// Operations of a run, about: each weight of a block with each token that meets it.
    func operations(_ request: GenerationRequest) throws -> Double {
        let configuration = transformerConfiguration
        let hidden = configuration.hiddenSize
        let keyValue = configuration.keyValueHeadCount * configuration.headSize
        let outputs = 2 * hidden + 2 * keyValue + 3 * configuration.feedForwardSize
        let tokens = try shape(request).steps.joined().reduce(0, +)
        return Double(configuration.layerCount) * productOperations(tokens, hidden, outputs)
    }

    // MARK: Remedies

    /// Changes of the command line that fit, the smallest change of the picture first.
    private func remedies(
        _ request: GenerationRequest, limit: Int, _ speed: MachineSpeed?
    ) throws -> [RunPlan.Remedy] {
        let precisions = try roundings().map { ($0.map { "--quantize \($0.rawValue)" }, try rounded($0)) }
        var remedies: [RunPlan.Remedy] = []
        for side in [nil, 1024, 768, 512, 256] {
            var smaller = request
            if let side {
                guard side * side < request.maxPixels || side < max(request.width, request.height) else { continue }
                smaller.maxPixels = side * side
            }
            for (rounding, planner) in precisions where rounding != nil || side != nil {
                let memory = try planner.forecast(planner.shape(smaller), speed).peak(readsBlocks: true)
                let options = [rounding, side.map { "--max-pixels \($0 * $0)" }].compactMap { $0 }
                if memory <= limit {
                    remedies.append(RunPlan.Remedy(options: options.joined(separator: " "), memory: memory))
                }
            }
            if !remedies.isEmpty { break }
        }
        return remedies
    }

    /// How weights could be rounded: as they are, and what has fewer bits.
    private func roundings() throws -> [OmniGen2.Quantization?] {
        let isFixed = try folder.packedStorage != nil || precision != .bfloat16
        if isFixed { return [nil] }
        return switch folder.quantization {
        case nil: [nil, .int8, .int4]
        case .int8: [nil, .int4]
        case .int4: [nil]
        }
    }

    private func rounded(_ quantization: OmniGen2.Quantization?) throws -> Planner {
        guard let quantization else { return self }
        var folder = folder
        folder.quantization = quantization
        return try Planner(folder, precision)
    }

    // MARK: MachineSpeed

    /// The machine's speed for this model: stored, or measured now and stored.
    func speed(threads: Int, store: SpeedStore = SpeedStore()) throws -> MachineSpeed {
        try store.speed(key(threads)) { try SpeedMeasurement(folder: folder, dtype: precision.dtype, device: .cpu)() }
    }

    /// The stored speed, if it was measured before.
    func storedSpeed(threads: Int, store: SpeedStore = SpeedStore()) throws -> MachineSpeed? {
        try store.read(key(threads))
    }

    /// All that a speed depends on.
    private func key(_ threads: Int) throws -> String {
        let (transformer, language, vae) = (transformerConfiguration, languageConfiguration, autoencoderConfiguration)
        let storage = try folder.storage(.transformer, precision.dtype, .cpu)
        let sizes = [
            transformer.hiddenSize, transformer.feedForwardSize, transformer.headCount, transformer.keyValueHeadCount,
            language.hiddenSize, language.intermediateSize, language.headCount, language.keyValueHeadCount,
            vae.layersPerBlock, vae.latentChannels,
        ]
        return
            ([
                omniGen2Version, Processor.name(), Kernels.path, "\(Kernels.arePreferred)", "\(threads) threads",
                precision.rawValue, storage.rawValue,
            ]
            + (sizes + vae.blockOutChannels).map(String.init)).joined(separator: ", ")
    }
}

extension OmniGen2 {
    /// What a request will take: memory within a tenth, time within a quarter, before anything of the model is loaded. On
    /// the CPU.
    ///
    /// - Parameters:
    ///   - request: what would be drawn.
    ///   - model: as for loading; it is downloaded if it is not there.
    ///   - files: what stands in for parts of it.
    ///   - configuration: how it would be loaded. Without `maximumMemory` what the machine has left is the limit.
    /// - Throws: what loading and drawing would throw for a wrong model or request.
    public static func plan(
        _ request: GenerationRequest, model: String, files: ModelFiles = ModelFiles(),
        configuration: Configuration = Configuration()
    ) async throws -> RunPlan {
        try await plan(
            request, folder: ModelLocation(model).resolve(files: files), configuration: configuration, measures: true)
    }

    /// Whether a model of this configuration would run on the CPU.
    package static func isOnCPU(_ configuration: Configuration) async throws -> Bool {
        try await Engine.load(libtorch: configuration.libtorch, threads: configuration.threads)
        return try await Engine.run { try device(configuration) == .cpu }
    }

    /// - Parameter measures: whether the machine is measured where it has not been. Otherwise it is for runs of a minute and
    ///   more only.
    package static func plan(
        _ request: GenerationRequest, folder: ModelFolder, configuration: Configuration, measures: Bool
    ) async throws -> RunPlan {
        try request.validate()
        let engine = try await Engine.load(libtorch: configuration.libtorch, threads: configuration.threads)
        return try await Engine.run {
            let (folder, device) = try configured(folder, configuration)
            guard device == .cpu else {
                throw GenerationError.invalid("a run is foreseen for the CPU only, not for \(device)")
            }
            let planner = try Planner(folder, configuration.precision)
            let isLong = try measures || planner.operations(request) > longRun
            let speed =
                try isLong
                ? planner.speed(threads: engine.threads) : planner.storedSpeed(threads: engine.threads)
            return try planner.plan(
                request, limit: configuration.maximumMemory ?? ProcessMemory.available(), speed)
        }
    }

    /// Operations from which on a run is worth a second or two of measuring.
    private static let longRun = 3e13
}

extension GenerationRequest {
    /// What is assumed where nothing is known of what will be drawn: an edit of a picture of the model's own size.
    static func usual(for folder: ModelFolder) throws -> GenerationRequest {
        let side = try folder.pictureSide()
        var request = GenerationRequest(prompt: "Change the picture.")
        (request.width, request.height) = (side, side)
        request.references = [try Image(width: side, height: side, pixels: Array(repeating: 0, count: 3 * side * side))]
        return request
    }
}
