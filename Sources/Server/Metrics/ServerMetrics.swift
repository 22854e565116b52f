import Metrics

/// What is measured of the work, beside what is measured of each route.
package struct ServerMetrics: Sendable {
    /// What each number means, for those who read them.
    package static let help = [
        "http_requests": "Requests, by what was answered.",
        "http_request": "Time until the answer to a request began.",
        "omnigen2_queue_depth": "Requests that wait for the model.",
        "omnigen2_running": "Requests that the model is at: none or one.",
        "omnigen2_jobs_accepted": "Jobs that were taken; attached ones end with their connection.",
        "omnigen2_jobs_finished": "Jobs that have ended.",
        "omnigen2_job_wait": "Time from a job's acceptance to its turn.",
        "omnigen2_job_run": "Time from a job's turn to its end.",
        "omnigen2_pictures": "Pictures that were drawn.",
    ]

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
