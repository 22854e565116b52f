import Imaging
import OmniGen2

/// Pictures that are asked for, and what became of them.
package struct Job: Sendable, Equatable {
    package enum Status: String, Sendable, CaseIterable {
        case queued, running, completed, failed, cancelled

        package var isFinished: Bool { self != .queued && self != .running }
    }

    /// A picture of the store.
    package struct Picture: Sendable, Equatable {
        package enum Kind: String, Sendable {
            case input, mask, output
        }

        package var kind: Kind
        package var index: Int
        package var format: ImageFormat
        package var width: Int
        package var height: Int
        package var byteCount: Int
    }

    /// 32 hexadecimal digits nobody can guess.
    package let id: String
    /// Whose it is.
    package let client: String
    /// The settings, with nothing left open, as ``PictureSettings`` reads them.
    package var settings: JSONValue
    package var previewInterval = 0
    /// Whether it ends with the connection that asked for it.
    package var isAttached = false
    package var status = Status.queued
    /// Seconds since 1970.
    package var created: Double
    package var started: Double?
    package var finished: Double?
    package var pictures: [Picture] = []
    package var warnings: [String] = []
    package var error: APIError?

    package func pictures(_ kind: Picture.Kind) -> [Picture] {
        pictures.filter { $0.kind == kind }.sorted { $0.index < $1.index }
    }

    /// A name for a new job.
    package static func newID() -> String {
        (0..<4).map { _ in
            let word = String(UInt32.random(in: 0...UInt32.max), radix: 16)
            return String(repeating: "0", count: 8 - word.count) + word
        }.joined()
    }

    /// Whether a text may be a job's name: nothing else reaches the store.
    package static func isID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

/// How far a job is.
package struct JobProgress: Sendable, Equatable {
    package var step = 0
    package var steps: Int
    /// Of the steps so far.
    package var secondsPerStep: Double?
    /// How many are served before.
    package var position: Int?

    /// What the remaining steps will take.
    package var secondsLeft: Double? { secondsPerStep.map { $0 * Double(steps - step) } }
}
