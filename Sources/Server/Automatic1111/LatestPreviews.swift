import Synchronization

/// The last preview of each running job.
final class LatestPreviews: Sendable {
    private let previews = Mutex<[String: [UInt8]]>([:])

    func keep(_ bytes: [UInt8], of job: String) { previews.withLock { $0[job] = bytes } }

    func latest(of job: String) -> [UInt8]? { previews.withLock { $0[job] } }

    func forget(_ job: String) { previews.withLock { _ = $0.removeValue(forKey: job) } }
}
