/// News of a job.
package enum JobEvent: Sendable {
    /// How many are served before.
    case queued(Int)
    case started
    case progress(JobProgress)
    /// What the first picture may become, as a PNG.
    case preview([UInt8], step: Int)
    case warning(String)
    /// Nothing comes after this.
    case ended(Job)

    package var isLast: Bool { if case .ended = self { true } else { false } }
}
