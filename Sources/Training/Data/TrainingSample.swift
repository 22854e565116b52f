#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One example to learn from: an instruction, the pictures it is about, and the picture or the text that follows.
///
/// Source: the lines of the original's training data, `data_configs/train/example` of its repository.
package struct TrainingSample: Equatable, Sendable {
    /// What kind of task it is, such as "t2i" or "edit"; statistics are kept by it.
    package let taskType: String
    package let instruction: String
    /// Paths of the pictures that go with the instruction.
    package let inputImages: [String]
    /// Path of the picture to be drawn; there is one, or a text.
    package let outputImage: String?
    /// The answer to be given.
    package let outputText: String?
    /// Where it is written: file and line, or file and place in its list.
    package let origin: String
}

/// Why a line is no sample.
package struct SampleError: Error, Equatable, Sendable, CustomStringConvertible {
    package let origin: String
    package let reason: String

    package var description: String { "\(origin): \(reason)" }
}

extension TrainingSample {
    /// Reads one JSON object.
    ///
    /// - Parameters:
    ///   - file: relative paths begin at its folder: that of the object, or another one.
    ///   - origin: for errors.
    init(json: some DataProtocol, file: String, origin: String) throws(SampleError) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(json))
        } catch {
            throw SampleError(origin: origin, reason: Self.reason(error))
        }
        guard fields.output_image != nil || fields.output_text != nil else {
            throw SampleError(origin: origin, reason: "output_image is missing, and output_text too")
        }
        guard fields.output_image?.isEmpty != true else {
            throw SampleError(origin: origin, reason: "output_image is empty")
        }
        self.init(
            taskType: fields.task_type, instruction: fields.instruction,
            inputImages: (fields.input_images ?? []).map { path($0, writtenIn: file) },
            outputImage: fields.output_image.map { path($0, writtenIn: file) }, outputText: fields.output_text,
            origin: origin)
    }

    private struct Fields: Decodable {
        let task_type: String
        let instruction: String
        let input_images: [String]?
        let output_image: String?
        let output_text: String?
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
        case DecodingError.valueNotFound(_, let context): "\(name(context)) is null"
        case DecodingError.typeMismatch(let type, let context): "\(name(context)) must be \(word(type))"
        default: "no JSON object"
        }
    }

    private static func name(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined()
        return path.isEmpty ? "the line" : path
    }

    private static func word(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is [String: Any].Type: "an object"
        default: "a list of texts"
        }
    }
}
