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
    var height: Int
    var width: Int
    var steps: Int
    var textGuidance: Double
    var imageGuidance: Double
    var guidanceRange: [Double]
    var scheduler: GenerationRequest.Scheduler
    var seed: UInt64
    var count: Int
    var dtype: OmniGen2.Precision
    var version: String
    /// Which of the `count` pictures this is.
    var index = 0

    /// The text entry that holds the record.
    static let key = "omnigen2"

    init(_ request: GenerationRequest, model: String, dtype: OmniGen2.Precision) {
        prompt = request.prompt
        negativePrompt = request.negativePrompt
        self.model = model
        height = request.height
        width = request.width
        steps = request.steps
        textGuidance = request.textGuidance
        imageGuidance = request.imageGuidance
        guidanceRange = [request.guidanceRange.lowerBound, request.guidanceRange.upperBound]
        scheduler = request.scheduler
        seed = request.seed
        count = request.count
        self.dtype = dtype
        version = omniGen2Version
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
        request.height = height
        request.width = width
        request.steps = steps
        request.textGuidance = textGuidance
        request.imageGuidance = imageGuidance
        request.guidanceRange = guidanceRange[0]...guidanceRange[1]
        request.scheduler = scheduler
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
