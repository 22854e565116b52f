import Diffusion
import Hub
import Layers
import Torch

@_exported import struct Imaging.Image

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An OmniGen2 model, ready to draw.
///
/// ```swift
/// let model = try await OmniGen2(model: "OmniGen2/OmniGen2")
/// var request = GenerationRequest(prompt: "A dog running in the park")
/// request.steps = 28
/// let pictures = try await model.generate(request)
/// try pictures[0].write(to: "dog.png")
/// ```
///
/// Calls from several tasks are served one after another: they share one engine.
public final class OmniGen2: Sendable {
    /// Number type the model computes in.
    public enum Precision: String, Sendable, Codable, CaseIterable {
        case float32 = "fp32"
        case float16 = "fp16"
        case bfloat16 = "bf16"
    }

    /// How far the weights of large layers are rounded when they are loaded; what is computed stays bf16.
    public enum Quantization: String, Sendable, Codable, CaseIterable {
        /// 8 bits: half the memory, faster, hardly another picture.
        case int8
        /// 4 bits: a quarter of the memory.
        case int4
    }

    /// Where and how the model runs.
    public struct Configuration: Sendable {
        /// bf16 as the official script; fp32 is the reference.
        public var precision = Precision.bfloat16
        /// Rounds weights while they are loaded: bf16 on the CPU only. A model that is packed needs no more.
        public var quantization: Quantization?
        /// Bytes that the process should stay below: where the model takes more, its blocks are read each time they are needed.
        /// `nil` is what the machine has left. On the CPU only.
        public var maximumMemory: Int?
        /// "auto", "cpu" or "cuda".
        public var device = "auto"
        /// Threads to compute with; `nil` is the number of physical cores this process may use.
        public var threads: Int?
        /// Folder of libtorch; `nil` looks in the usual places.
        public var libtorch: String?

        /// Everything at its default.
        public init() {}
    }

    /// What happens on the way to a picture.
    public enum Progress: Sendable {
        /// A step has been taken.
        case step(Int, of: Int)
        /// What the picture may become, small; a request asks for these with `previewInterval`.
        case preview(Image, step: Int)
        /// The run's block forwards, and how many the official code would have made for the same request.
        case blockForwards(Int, of: Int)
        /// Something the caller should know, such as a prompt that was cut.
        case warning(String)
    }

    /// What a model is loaded for.
    public enum Use: Sendable {
        /// Drawing: the whole model but its eyes.
        case pictures
        /// Describing: tokenizer, language model and vision tower.
        case text
    }

    let resident: Resident

    /// Loads a model.
    ///
    /// - Parameters:
    ///   - model: a folder in the published layout, or a Hugging Face repository such as `OmniGen2/OmniGen2`, which
    ///     is downloaded into the ordinary cache if it is not there.
    ///   - configuration: number type, device and threads.
    ///   - use: what is loaded now; other parts are loaded when they are first needed.
    /// - Throws: when libtorch or the model cannot be used; the error says what was wrong and where.
    public convenience init(
        model: String, configuration: Configuration = Configuration(), for use: Use = .pictures
    ) async throws {
        try await self.init(folder: ModelLocation(model).resolve(), configuration: configuration, for: use)
    }

    /// Loads a model of which `files` replace parts.
    ///
    /// - Parameters:
    ///   - model: as above, and read for the parts without a file and every configuration. `nil` needs a file for every
    ///     part; configurations are then what the shapes of the tensors say and otherwise the published ones.
    ///   - files: recognised by the names of their tensors: the published ones, ComfyUI's, those of FLUX's autoencoder,
    ///     and of both generations of Qwen2.5-VL.
    ///   - configuration: number type, device and threads.
    ///   - use: what is loaded now.
    /// - Throws: as above, and when a file is none of its part.
    public convenience init(
        model: String?, files: ModelFiles, configuration: Configuration = Configuration(), for use: Use = .pictures
    ) async throws {
        let location = ModelLocation(model ?? ModelLocation.none)
        try await self.init(folder: location.resolve(files: files), configuration: configuration, for: use)
    }

    /// Loads a model from a folder that is known to be there.
    ///
    /// - Parameter plan: of what will be drawn; without one a picture of the model's own size with a reference is assumed.
    package init(
        folder: ModelFolder, configuration: Configuration, for use: Use = .pictures, plan: RunPlan? = nil
    ) async throws {
        try await Engine.load(libtorch: configuration.libtorch, threads: configuration.threads)
        resident = try await Self.load(folder, configuration, use, plan)
    }

    @Engine
    private static func load(
        _ folder: ModelFolder, _ configuration: Configuration, _ use: Use, _ plan: RunPlan?
    ) throws -> Resident {
        var (folder, device) = try configured(folder, configuration)
        if configuration.maximumMemory != nil, device != .cpu {
            throw GenerationError.invalid("a memory limit is for the CPU, not \(device)")
        }
        if let plan {
            folder.streamsBlocks = plan.readsBlocks
        } else if device == .cpu, let limit = configuration.maximumMemory ?? ProcessMemory.available() {
            folder.streamsBlocks = try !Planner.fits(folder, configuration.precision, use, limit)
        }
        let resident = Resident(folder, configuration.precision.dtype, device)
        switch use {
        case .pictures: _ = try resident.pipeline()
        case .text: _ = try (resident.textGenerator(), resident.visionTower())
        }
        return resident
    }

    /// The folder with what the configuration says of its weights, and the device it is for.
    @Engine
    static func configured(
        _ folder: ModelFolder, _ configuration: Configuration
    ) throws -> (folder: ModelFolder, device: Device) {
        let device = try device(configuration)
        var folder = folder
        if let quantization = configuration.quantization {
            guard configuration.precision == .bfloat16, device == .cpu else {
                throw GenerationError.invalid(
                    "\(quantization.rawValue) weights need bf16 on the CPU, got \(configuration.precision.rawValue) on "
                        + "\(device)")
            }
            folder.quantization = quantization
        }
        return (folder, device)
    }

    @Engine
    static func device(_ configuration: Configuration) throws -> Device {
        guard let request = DeviceRequest(rawValue: configuration.device) else {
            throw GenerationError.invalid(
                "device must be one of \(DeviceRequest.allCases.map(\.rawValue).joined(separator: ", ")), got "
                    + configuration.device)
        }
        return try Engine.device(request)
    }

    /// Draws the pictures of a request.
    ///
    /// Cancelling the task ends it with `CancellationError`, within a step.
    public func generate(
        _ request: GenerationRequest, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> [Image] {
        try request.validate()
        return try await draw(request, progress)
    }

    /// - Parameter text: states of a conversation, in place of the request's prompts.
    @Engine
    func draw(
        _ request: GenerationRequest, text: Pipeline.TextStates? = nil, _ progress: @Sendable (Progress) -> Void
    ) throws -> [Image] {
        try resident.pipeline()(request, noise: SeededNoise(seed: request.seed), text: text) { event in
            try Task.checkCancellation()
            switch event {
            case .latents(let step, _): progress(.step(step + 1, of: request.steps))
            case .preview(let step, let image): progress(.preview(image, step: step + 1))
            case .forwards(let forwards): progress(.blockForwards(forwards.ran, of: forwards.plain))
            case .warning(let message): progress(.warning(message))
            default: break
            }
        }
    }
}

extension OmniGen2.Quantization {
    package var storage: WeightStorage {
        switch self {
        case .int8: .int8
        case .int4: .int4
        }
    }
}

extension OmniGen2.Precision {
    package var dtype: DType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }
}
