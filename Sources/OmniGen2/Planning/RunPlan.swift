/// What a run will take, foreseen before the model is loaded.
public struct RunPlan: Sendable, Equatable, Codable {
    /// A part of the run.
    public struct Stage: Sendable, Equatable, Codable {
        /// In the order in which they come.
        public enum Kind: String, Sendable, Codable, CaseIterable {
            case load, text, references, steps, pixels
        }

        /// Which part.
        public let kind: Kind
        /// The most that is held in memory during it, in bytes.
        public let memory: Int
        /// `nil` where the machine was not measured.
        public let seconds: Double?
    }

    /// A change under which a run fits.
    public struct Remedy: Sendable, Equatable, Codable {
        /// Options of the command line.
        public let options: String
        /// Bytes.
        public let memory: Int
    }

    /// Size in pixels that is drawn.
    public let width, height: Int
    /// Sizes in pixels, such as "512x512", at which references are read.
    public let references: [String]
    /// Steps of the run, and those at which the layers run.
    public let steps, fullSteps: Int
    /// In their order.
    public let stages: [Stage]
    /// Whether blocks are read from the disk each time they are needed, because they do not fit.
    public let readsBlocks: Bool
    /// Bytes that the run should stay below; `nil` where nobody has set a limit and the system names none.
    public let memoryLimit: Int?
    /// What would fit, where this does not.
    public let remedies: [Remedy]

    /// The most that is held at once, in bytes.
    public var memory: Int { stages.map(\.memory).max() ?? 0 }
    /// Of all stages; `nil` where the machine was not measured.
    public var seconds: Double? {
        let known = stages.compactMap(\.seconds)
        return known.count == stages.count ? known.reduce(0, +) : nil
    }
    /// Whether it stays below the limit.
    public var fits: Bool { memoryLimit.map { memory <= $0 } ?? true }
}
