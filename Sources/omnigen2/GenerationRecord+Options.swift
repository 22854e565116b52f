import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension GenerationRecord {
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
        model.files.apply(to: &self, model: model.model)
        if let path, model.model == nil, ModelLocation(self.model).isMissing {
            throw CommandError(
                .noInput, "\(path) was drawn with the model '\(self.model)', which is no folder here: give --model")
        }
        // Another model, or number type, is not rounded because the picture's was.
        if model.model != nil || model.dtype != nil { quantization = nil }
        dtype = model.precision ?? dtype
        quantization = model.quantization ?? quantization
    }

    /// Reads the record of a PNG file.
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
            try self.init(decoding: Array(data))
        } catch {
            throw CommandError(.badData, "\(path): \(error.reason)")
        }
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
}
