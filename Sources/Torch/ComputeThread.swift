#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A serial executor that runs every job on one thread of its own.
///
/// libtorch's OpenMP team belongs to the thread that calls it, and so does its grad mode: one thread means one
/// team, and grad mode is switched off before each job, however the last one left it.
final class ComputeThread: SerialExecutor, @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [UnownedJob] = []

    /// Big enough for the deepest recursion of libtorch's autograd.
    private static let stackSize = 64 << 20

    init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, Self.stackSize)
        defer { pthread_attr_destroy(&attributes) }
        let context = Unmanaged.passRetained(self).toOpaque()
        #if canImport(Darwin)
            var thread: pthread_t?
            pthread_create(&thread, &attributes, { ComputeThread.main($0) }, context)
        #else
            var thread = pthread_t()
            pthread_create(&thread, &attributes, { ComputeThread.main($0) }, context)
        #endif
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        jobs.append(job)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Whether the caller runs on the thread.
    static var isCurrent: Bool { pthread_getspecific(key) != nil }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        pthread_setspecific(key, context)
        Unmanaged<ComputeThread>.fromOpaque(context).takeUnretainedValue().runForever()
    }

    private func runForever() -> Never {
        while true {
            let job = nextJob()
            Engine.disableGradients()
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }

    private func nextJob() -> UnownedJob {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty { pthread_cond_wait(condition, mutex) }
        return jobs.removeFirst()
    }
}
