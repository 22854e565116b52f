import Diffusion
import Imaging

/// Everything that decides what a generation draws; the defaults are those of the official `inference.py`.
public struct GenerationRequest: Sendable, Equatable {
    /// Which solver takes the steps.
    public enum Scheduler: String, Sendable, Codable, CaseIterable {
        case euler
        case dpmSolver = "dpmsolver++"
    }

    /// What stands in for the transformer's layers at some steps: faster, and not quite the same picture.
    public enum Cache: Sendable, Equatable {
        /// The layers run at every step.
        case none
        /// Layers are skipped while their input has moved less than `threshold`; the original's default is 0.05.
        case teaCache(threshold: Double)
        /// Layers run at the first five steps and every `interval`th one after, and are extrapolated between with differences
        /// up to `order`; the original's are 3 and 4.
        case taylorSeer(interval: Int, order: Int)
    }

    /// What the transformer reads of a reference: the autoencoder gives a distribution.
    public enum ReferenceLatents: String, Sendable, Codable, CaseIterable {
        /// A draw from it, as the original; here from the request's own seed.
        case sample
        /// Its mean.
        case mode
    }

    /// What to draw, or how to change the references.
    public var prompt: String
    /// What to stay away from; acts through text guidance.
    public var negativePrompt: String = GenerationRequest.defaultNegativePrompt
    /// Pictures to edit or compose from, at most five.
    public var references: [Image] = []
    /// Height of the result in pixels.
    public var height = GenerationRequest.defaultSide
    /// Width of the result in pixels.
    public var width = GenerationRequest.defaultSide
    /// Steps from noise to image.
    public var steps = 50
    /// How strongly the prompt pulls; 1 is off.
    public var textGuidance = 5.0
    /// How strongly the references pull; 1 is off, and it acts only beside text guidance.
    public var imageGuidance = 2.0
    /// Part of the run, 0...1, in which guidance applies.
    public var guidanceRange = 0.0...1.0
    /// Which solver takes the steps.
    public var scheduler = Scheduler.euler
    /// What stands in for the transformer's layers at some steps.
    public var cache = Cache.none
    /// Seed of the noise; the same seed gives the noise of PyTorch on the CPU. Only its low 32 bits matter.
    public var seed: UInt64 = 0
    /// How many pictures, drawn from one stream of noise.
    public var count = 1
    /// Larger results are drawn at this many pixels and stretched, as the original does.
    public var maxPixels = 1024 * 1024
    /// Longest side a reference keeps.
    public var maxInputSide = 1024
    /// With one reference, whether the result takes its (fitted) size instead of `height` and `width`.
    public var alignsToReference = true
    /// A preview every so many steps; 0 is none. One costs about as much as decoding a picture of 256x256.
    public var previewInterval = 0
    /// Whether the result has precisely the size of the first reference, each pixel where it was: the reference is
    /// padded to what can be drawn, not scaled, and the padding is cut off again.
    public var keepsExactSize = false
    /// Where the first reference may change, of its size: white is free, black comes back byte for byte. Needs
    /// `keepsExactSize`.
    public var mask: Image?
    /// What the transformer reads of a reference.
    public var referenceLatents = ReferenceLatents.sample
    /// Tokens of the rendered prompt that are read; `nil` reads all.
    public var maxPromptTokens: Int? = 1024

    /// A request with every setting at its default.
    public init(prompt: String) { self.prompt = prompt }

    /// What `inference.py` says when the user does not.
    public static let defaultNegativePrompt =
        "(((deformed))), blurry, over saturation, bad anatomy, disfigured, poorly drawn face, mutation, mutated, "
        + "(extra_limb), (ugly), (poorly drawn hands), fused fingers, messy drawing, broken legs censor, censored, "
        + "censor_bar"

    /// Both sides of the published model's pictures.
    public static let defaultSide = 1024
    /// Sides that are drawn are multiples of this many pixels.
    public static let sizeMultiple = 16
    /// How many references a request may have.
    public static let maximumReferences = TransformerConfiguration.maximumReferences
    /// The longest side a picture may have.
    public static let largestSide = 8192

    /// The most steps a picture may take.
    package static let maximumSteps = 1000

    /// - Throws: `GenerationError.invalid` naming the first value no picture can be made from.
    public func validate() throws(GenerationError) {
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(GenerationError) {
            if !condition { throw .invalid(message()) }
        }
        let isBlank = prompt.allSatisfy(\.isWhitespace)
        try require(!isBlank, "the prompt is empty")
        for (name, side) in [("height", height), ("width", width)] {
            try require(
                (Self.sizeMultiple...Self.largestSide).contains(side),
                "\(name) must be between \(Self.sizeMultiple) and \(Self.largestSide) pixels, got \(side)")
        }
        try require(
            (1...Self.maximumSteps).contains(steps), "steps must be between 1 and \(Self.maximumSteps), got \(steps)")
        try require((1...64).contains(count), "count must be between 1 and 64, got \(count)")
        try require(textGuidance.isFinite && textGuidance >= 0, "text guidance must be 0 or more, got \(textGuidance)")
        try require(
            imageGuidance.isFinite && imageGuidance >= 0, "image guidance must be 0 or more, got \(imageGuidance)")
        try require(
            guidanceRange.lowerBound >= 0 && guidanceRange.upperBound <= 1,
            "the guidance range must lie within 0 and 1, got \(guidanceRange.lowerBound) to \(guidanceRange.upperBound)"
        )
        try require(
            references.count <= Self.maximumReferences,
            "at most \(Self.maximumReferences) reference pictures, got \(references.count)")
        try validateEditing()
        try require(
            maxPixels >= Self.sizeMultiple * Self.sizeMultiple, "max pixels must be at least 256, got \(maxPixels)")
        try require(maxInputSide >= Self.sizeMultiple, "max input side must be at least 16, got \(maxInputSide)")
        try require(previewInterval >= 0, "the preview interval must be 0 or more, got \(previewInterval)")
        if case .teaCache(let threshold) = cache {
            try require(
                threshold.isFinite && threshold >= 0, "the TeaCache threshold must be 0 or more, got \(threshold)")
        }
        if case .taylorSeer(let interval, let order) = cache {
            try require(interval > 0, "the TaylorSeer interval must be 1 or more, got \(interval)")
            try require(order >= 0, "the TaylorSeer order must be 0 or more, got \(order)")
        }
        if let maxPromptTokens { try require(maxPromptTokens > 0, "max prompt tokens must be positive") }
    }
}

/// Why a picture could not be made.
public enum GenerationError: Error, CustomStringConvertible, Sendable {
    /// A value of the request.
    case invalid(String)
    /// A file or folder that is not there.
    case missing(String)
    /// The model folder: what is wrong with it and where.
    case model(String)
    /// A file or folder that cannot be written.
    case output(String)

    /// One line for a person.
    public var description: String {
        switch self {
        case .invalid(let message), .missing(let message), .model(let message), .output(let message): message
        }
    }
}

/// As on the command line: `none`, `teacache:0.05` (or `teacache`), `taylorseer:3:4` (or `taylorseer:3`, `taylorseer`).
extension GenerationRequest.Cache: LosslessStringConvertible {
    /// The threshold of the original.
    public static let defaultTeaCacheThreshold = 0.05
    /// TaylorSeer as the original runs it.
    public static let originalTaylorSeer = Self.taylorSeer(
        interval: TaylorSeer.originalInterval, order: TaylorSeer.originalOrder)

    /// Reads the form of the command line; `nil` when it is none.
    public init?(_ description: String) {
        let parts = description.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts[0], parts.count > 1 ? String(parts[1]) : nil) {
        case ("none", nil): self = .none
        case ("taylorseer", nil): self = .originalTaylorSeer
        case ("taylorseer", let text?):
            let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
            guard let interval = numbers[0], interval > 0, numbers.count <= 2 else { return nil }
            guard let order = numbers.count == 2 ? numbers[1] : TaylorSeer.originalOrder, order >= 0 else { return nil }
            self = .taylorSeer(interval: interval, order: order)
        case ("teacache", nil): self = .teaCache(threshold: Self.defaultTeaCacheThreshold)
        case ("teacache", let text?):
            guard let threshold = Double(text), threshold.isFinite, threshold >= 0 else { return nil }
            self = .teaCache(threshold: threshold)
        default: return nil
        }
    }

    /// The form of the command line.
    public var description: String {
        switch self {
        case .none: "none"
        case .teaCache(let threshold): "teacache:\(threshold)"
        case .taylorSeer(let interval, let order): "taylorseer:\(interval):\(order)"
        }
    }
}
