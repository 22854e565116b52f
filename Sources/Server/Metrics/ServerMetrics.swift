import Metrics

/// What is measured of the work, beside what is measured of each route.
struct ServerMetrics: Sendable {
    func accepted(isAttached: Bool) {
        Counter(label: "omnigen2_jobs_accepted", dimensions: [("attached", "\(isAttached)")]).increment()
    }

    /// Counts a job's end, and how long it waited and was drawn.
    func ended(_ job: Job) {
        Counter(label: "omnigen2_jobs_finished", dimensions: [("status", job.status.rawValue)]).increment()
        Counter(label: "omnigen2_pictures").increment(by: job.pictures(.output).count)
        guard let started = job.started, let finished = job.finished else { return }
        Timer(label: "omnigen2_job_wait").recordSeconds(started - job.created)
        Timer(label: "omnigen2_job_run").recordSeconds(finished - started)
    }
}
