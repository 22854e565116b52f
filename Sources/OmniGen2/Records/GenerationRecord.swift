import Imaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a PNG of ours says about itself: enough to draw it again, byte for byte.
package struct GenerationRecord: Codable, Equatable, Sendable {
    package var prompt: String
    package var negativePrompt: String
    package var model: String
    /// What stands in for parts of the model.
    package var files: ModelFiles?
    /// Of what the model was made for, until that is known.
    package var height: Int?
    package var width: Int?
    package var steps: Int
    package var textGuidance: Double
    package var imageGuidance: Double
    package var guidanceRange: [Double]
    package var scheduler: GenerationRequest.Scheduler
    /// Absent in older pictures.
    package var cache: String?
    package var maxPixels: Int?
    package var seed: UInt64
    package var count: Int
    package var dtype: OmniGen2.Precision
    /// Absent where weights are not rounded.
    package var quantization: OmniGen2.Quantization?
    /// Absent where none was chosen, as in older pictures. What it stands for is above, with what overrode it.
    package var preset: Preset?
    package var version: String
    /// The sources, if it is an edit.
    package var editing: EditingRecord?
    /// Absent where there are none, as in older pictures.
    package var adapters: [Adapter]?
    package var mergesAdapters: Bool?
    /// What was said up to the picture, if it is of a conversation.
    package var conversation: [ChatRecord]?
    /// Which of the `count` pictures this is.
    package var index = 0

    /// The text entry that holds the record.
    package static let key = "omnigen2"

    package init(_ request: GenerationRequest, model: String, dtype: OmniGen2.Precision) {
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

    /// Reads the record of a PNG.
    ///
    /// - Parameter png: the file's bytes.
    /// - Throws: `RecordError` when it carries none, or one that cannot be drawn.
    package init(decoding png: [UInt8]) throws(RecordError) {
        if let format = ImageFormat(startOf: png), format != .png {
            throw RecordError(reason: "only PNGs carry settings, this is a \(format.rawValue) file")
        }
        do {
            guard let entry = try PNGText.read(png).first(where: { $0.key == Self.key }) else {
                throw RecordError(reason: "carries no settings of omnigen2")
            }
            self = try JSONDecoder().decode(Self.self, from: Data(entry.value.utf8))
            try check()
        } catch let error as RecordError {
            throw error
        } catch let error as DecodingError {
            throw RecordError(reason: "its settings cannot be read: \(error.explanation)")
        } catch {
            throw RecordError(reason: "\(error)")
        }
    }

    private func check() throws {
        if let cache, GenerationRequest.Cache(cache) == nil {
            throw RecordError(reason: "there is no step cache '\(cache)'")
        }
        guard guidanceRange.count == 2, guidanceRange[0] <= guidanceRange[1] else {
            throw RecordError(reason: "its guidance range is not two ascending numbers")
        }
        do {
            try request.validate()
        } catch {
            throw RecordError(reason: "its settings are wrong: \(error)")
        }
    }

    /// What is drawn, but for the pictures it is drawn from.
    package var request: GenerationRequest {
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
    package func entry() throws -> (key: String, value: String) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (Self.key, String(decoding: try encoder.encode(self), as: UTF8.self))
    }
}

/// Why a picture cannot be drawn again; the sentence begins where the picture's name ends.
package struct RecordError: Error, Equatable {
    package let reason: String
}
