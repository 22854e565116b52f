import Layers

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What weights of 4 bits are rounded for: prompts, and the pictures that the model itself draws of them.
package struct Calibration: Sendable {
    package let prompts: [String]

    /// How many prompts there may be: all are computed together.
    private static let promptLimit = 256

    /// News of the work.
    package enum Event: Sendable {
        /// A picture has been drawn.
        case picture(Int, of: Int)
        /// A weight has been rounded.
        case rounded(ModelFolder.Part, RoundingLoss)
    }

    package init() { prompts = Self.includedPrompts }

    /// - Throws: `GenerationError.invalid` for no prompts, or more than fit.
    package init(prompts: [String]) throws {
        guard (1...Self.promptLimit).contains(prompts.count) else {
            throw GenerationError.invalid(
                "a calibration takes 1 to \(Self.promptLimit) prompts, got \(prompts.count)")
        }
        self.prompts = prompts
    }

    /// Prompts of a text file, one a line; empty lines do not count.
    ///
    /// - Throws: `GenerationError` when it cannot be read or is no text.
    package init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw GenerationError.missing("\(file): no such file, or it cannot be read")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw GenerationError.invalid("\(file): is no text in UTF-8")
        }
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        do {
            try self.init(prompts: lines.filter { !$0.allSatisfy(\.isWhitespace) })
        } catch let GenerationError.invalid(reason) {
            throw GenerationError.invalid("\(file): \(reason)")
        }
    }
}
