import Imaging
import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a PNG of ours says about itself: enough to draw it again, byte for byte.
struct GenerationRecord: Codable, Equatable {
    var prompt: String
    var negativePrompt: String
    var model: String
    /// What stands in for parts of the model.
    var files: ModelFiles?
    /// Of what the model was made for, until that is known.
    var height: Int?
    var width: Int?
    var steps: Int
    var textGuidance: Double
    var imageGuidance: Double
    var guidanceRange: [Double]
    var scheduler: GenerationRequest.Scheduler
    /// Absent in older pictures.
    var cache: String?
    var maxPixels: Int?
    var seed: UInt64
    var count: Int
    var dtype: OmniGen2.Precision
    /// Absent where weights are not rounded.
    var quantization: OmniGen2.Quantization?
    /// Absent where none was chosen, as in older pictures. What it stands for is above, with what overrode it.
    var preset: Preset?
    var version: String
    /// The sources, if it is an edit.
    var editing: EditingRecord?
    /// Absent where there are none, as in older pictures.
    var adapters: [Adapter]?
    var mergesAdapters: Bool?
    /// What was said up to the picture, if it is of a conversation.
    var conversation: [ChatRecord]?
    /// Which of the `count` pictures this is.
    var index = 0

    /// The text entry that holds the record.
    static let key = "omnigen2"

    init(_ request: GenerationRequest, model: String, dtype: OmniGen2.Precision) {
        prompt = request.prompt
        negativePrompt = request.negativePrompt
        self.model = model
        steps = request.steps
        textGuidance = request.textGuidance
        imageGuidance = request.imageGuidance
        guidanceRange = [request.guidanceRange.lowerBound, request.guidanceRange.upperBound]
        scheduler = request.scheduler
        cache = request.cache.description
        maxPixels = request.maxPixels
        seed = request.seed
        count = request.count
        self.dtype = dtype
        version = omniGen2Version
    }

    /// What a command draws: the picture of a PNG again, or the defaults, with the prompt and model given.
    init(repeating path: String?, _ prompt: String?, _ model: ModelOptions) throws {
        self =
            try path.map { try GenerationRecord(readingFrom: $0) }
            ?? GenerationRecord(
                GenerationRequest(prompt: ""), model: ModelLocation.standing, dtype: .bfloat16)
        if conversation != nil {
            throw CommandError(.usage, "\(path ?? "the picture") is of a conversation, and cannot be drawn without it")
        }
        version = omniGen2Version
        self.prompt = prompt ?? self.prompt
        self.model = model.model ?? self.model
        model.files.apply(to: &self, model: model.model, from: path)
        // Another model, or number type, is not rounded because the picture's was.
        if model.model != nil || model.dtype != nil { quantization = nil }
        dtype = model.precision ?? dtype
        quantization = model.quantization ?? quantization
    }

    /// Takes the settings of a preset, but for the rounding of weights, which depends on the model and on where it runs; the
    /// number type stays where the model's options name it.
    mutating func apply(_ preset: Preset, _ model: ModelOptions) {
        var request = request
        request.apply(preset)
        (steps, scheduler, cache) = (request.steps, request.scheduler, request.cache.description)
        guidanceRange = [request.guidanceRange.lowerBound, request.guidanceRange.upperBound]
        self.preset = preset
        dtype = model.precision ?? .bfloat16
        quantization = model.quantization
    }

    /// Rounds weights as a preset does where nothing else was asked for.
    mutating func roundAsPreset(_ model: ModelFolder, isOnCPU: Bool) throws {
        guard let preset, quantization == nil else { return }
        quantization = try preset.quantization(of: model, dtype, isOnCPU: isOnCPU)
    }

    /// What only the model can tell.
    mutating func complete(for model: ModelFolder) throws {
        if height != nil, width != nil { return }
        let side = try model.pictureSide()
        (height, width) = (height ?? side, width ?? side)
    }

    /// Reads the record of a PNG.
    ///
    /// - Throws: `CommandError` when the file is missing, or carries none.
    init(readingFrom path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(.noInput, "\(path): no such file")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(.badData, "\(path): cannot be read as a file")
        }
        do {
            guard let entry = try PNGText.read(Array(data)).first(where: { $0.key == Self.key }) else {
                throw CommandError(.badData, "\(path): carries no settings of omnigen2")
            }
            self = try JSONDecoder().decode(Self.self, from: Data(entry.value.utf8))
            if let cache, GenerationRequest.Cache(cache) == nil {
                throw CommandError(.badData, "\(path): there is no step cache '\(cache)'")
            }
            guard guidanceRange.count == 2, guidanceRange[0] <= guidanceRange[1] else {
                throw CommandError(.badData, "\(path): its guidance range is not two ascending numbers")
            }
            try request.validate()
        } catch let error as DecodingError {
            throw CommandError(.badData, "\(path): its settings cannot be read: \(error.explanation)")
        } catch let error as GenerationError {
            throw CommandError(.badData, "\(path): its settings are wrong: \(error)")
        } catch let error as ImageError {
            throw CommandError(.badData, "\(path): \(error)")
        }
    }

    var request: GenerationRequest {
        var request = GenerationRequest(prompt: prompt)
        request.negativePrompt = negativePrompt
        request.height = height ?? request.height
        request.width = width ?? request.width
        request.steps = steps
        request.textGuidance = textGuidance
        request.imageGuidance = imageGuidance
        request.guidanceRange = guidanceRange[0]...guidanceRange[1]
        request.scheduler = scheduler
        request.cache = cache.flatMap(GenerationRequest.Cache.init) ?? .none
        request.maxPixels = maxPixels ?? request.maxPixels
        request.seed = seed
        request.count = count
        return request
    }

    /// The text entry for a PNG.
    func entry() throws -> (key: String, value: String) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (Self.key, String(decoding: try encoder.encode(self), as: UTF8.self))
    }
}
