import Imaging
import Logging
import OmniGen2

/// Takes jobs, draws them one after another in their fair order, and keeps what they come to.
package actor JobRunner {
    package let store: JobStore
    package let queue: FairQueue
    package let settings: SettingsContext
    private let model: ModelGate
    private let retention: Retention
    private let text: PictureText
    private let logger: Logger
    private let metrics = ServerMetrics()
    private var live: [String: LiveJob] = [:]
    private var isDraining = false
    private var lastPruned: ContinuousClock.Instant?
    private static let pruneInterval = Duration.seconds(5)
    private static let attendInterval = Duration.seconds(1)

    package init(
        store: JobStore, queue: FairQueue, model: ModelGate, text: PictureText, settings: SettingsContext,
        retention: Retention, logger: Logger
    ) {
        (self.store, self.queue, self.model, self.text) = (store, queue, model, text)
        (self.settings, self.retention, self.logger) = (settings, retention, logger)
    }

    /// Whether new work is refused.
    package var isClosed: Bool { isDraining }

    // MARK: Taking

    /// Accepts a job: from here on it is in the store.
    ///
    /// - Parameters:
    ///   - warnings: what was found wrong with the request already.
    ///   - isAttached: whether it is for a connection, and ends with it.
    /// - Returns: the job, and its news from the start of its work on: it may have ended when this returns.
    /// - Throws: `APIError` when it can never be drawn, or when too many wait.
    package func submit(
        _ settings: PictureSettings, _ inputs: PictureInputs, warnings: [String], client: String, isAttached: Bool,
        previewInterval: Int
    ) async throws -> (live: LiveJob, events: AsyncStream<JobEvent>) {
        guard !isDraining else { throw APIError.draining }
        guard !settings.request.prompt.allSatisfy(\.isWhitespace) else {
            throw APIError.invalid("the prompt is empty", "prompt", code: "missing_prompt")
        }
        var settings = settings
        if inputs.mask != nil { settings.request.keepsExactSize = true }
        guard !settings.request.keepsExactSize || !inputs.images.isEmpty else {
            throw APIError.invalid("an exact size needs a picture to change", "exact_size")
        }
        // The rest of what is wrong can be seen without the pictures.
        var plain = settings.request
        plain.keepsExactSize = false
        try plain.validate()
        var job = Job(id: Job.newID(), client: client, settings: settings.json, created: Clock.now)
        (job.isAttached, job.previewInterval, job.warnings) = (isAttached, previewInterval, warnings)
        let live = LiveJob(job, steps: plain.steps)
        let ticket = try await queue.enter(client) { live.report(.queued($0)) }
        do {
            try await store.insert(job, inputs)
        } catch {
            await queue.leave(ticket)
            throw error
        }
        job.pictures = inputs.stored
        live.update { $0.pictures = job.pictures }
        metrics.accepted(isAttached: isAttached)
        let events = live.events()
        begin(live, ticket)
        return (live, events)
    }

    /// Takes up what servers have left that no longer live, and ends what other servers were asked to end here; from time to
    /// time until the task is cancelled.
    package func attend() async throws {
        while !Task.isCancelled {
            do {
                if !isDraining { try await recover() }
                for id in try await store.cancellations() { live[id]?.cancel() }
                try await prune()
            } catch let error where !(error is CancellationError) {
                // A disk that is full or slow for a while is no reason to end.
                logger.error("the job store does not answer", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: Self.attendInterval)
        }
    }

    private func recover() async throws {
        for job in try await store.recover(at: Clock.now) {
            let live = LiveJob(job, steps: job.settings["num_inference_steps"]?.int ?? 0)
            let ticket = try await queue.enter(job.client, always: true) { live.report(.queued($0)) }
            logger.info("taking up an unfinished job", metadata: ["job": "\(job.id.prefix(8))"])
            begin(live, ticket)
        }
    }

    /// Keeps the store within bounds; not more than every few seconds, as it looks at all that is there.
    private func prune() async throws {
        guard lastPruned.map({ ContinuousClock.now - $0 > Self.pruneInterval }) ?? true else { return }
        lastPruned = .now
        try await store.prune(retention, now: Clock.now)
    }

    private func begin(_ live: LiveJob, _ ticket: FairQueue.Ticket) {
        self.live[live.id] = live
        live.run { await self.work(live, ticket) }
    }

    // MARK: Drawing

    private func work(_ live: LiveJob, _ ticket: FairQueue.Ticket) async {
        do {
            let drawn = try await queue.run(ticket) {
                let model = try await self.model.model
                let time = Clock.now
                try await self.store.start(live.id, at: time)
                live.update { $0.started = time }
                live.report(.started)
                return try await self.draw(live, model)
            }
            // The model goes on with others meanwhile.
            try await finish(live, .completed, encoded(drawn))
        } catch {
            await fail(live, error)
        }
        if live.job.status.isFinished { metrics.ended(live.job) }
        self.live[live.id] = nil
    }

    /// What a job came to.
    private struct Drawn {
        let images: [Image]
        let settings: PictureSettings
        let editing: EditingRecord?
    }

    private func draw(_ live: LiveJob, _ model: any ServedModel) async throws -> Drawn {
        let (settings, inputs) = try await stored(live.job)
        var request = settings.request
        try inputs.apply(to: &request)
        request.previewInterval = live.job.previewInterval
        let began = ContinuousClock.now
        let adapters = self.settings.paths(of: settings.adapters)
        let images = try await model.draw(request, adapters: adapters) { news in
            switch news {
            case .step(let step, let steps):
                let seconds = (ContinuousClock.now - began).seconds / Double(step)
                live.report(.progress(JobProgress(step: step, steps: steps, secondsPerStep: seconds)))
            case .preview(let image, let step):
                if let bytes = try? image.pngData() { live.report(.preview(bytes, step: step)) }
            case .warning(let text): live.report(.warning(text))
            case .blockForwards: break
            }
        }
        return Drawn(images: images, settings: settings, editing: EditingRecord(request, inputs))
    }

    /// The settings and pictures of a job: read from the store, as after a restart.
    private func stored(_ job: Job) async throws -> (PictureSettings, PictureInputs) {
        var fields = try Fields(job.settings)
        return (try PictureSettings(&fields, settings), try await store.inputs(job))
    }

    private func encoded(_ drawn: Drawn) throws -> [PictureInputs.Picture] {
        let output = drawn.settings.output
        return try drawn.images.enumerated().map { index, image in
            let text = try text.entries(of: image, index, drawn.settings, drawn.editing)
            return PictureInputs.Picture(
                bytes: try output.encode(image, text: text), format: output.format, width: image.width,
                height: image.height)
        }
    }

    // MARK: Ending

    private func finish(
        _ live: LiveJob, _ status: Job.Status, _ outputs: [PictureInputs.Picture] = [], _ error: APIError? = nil
    ) async throws {
        var job = live.job
        (job.status, job.finished, job.error) = (status, Clock.now, error)
        job.pictures += outputs.enumerated().map { $1.stored(.output, $0) }
        try await store.finish(job, outputs)
        live.report(.ended(job))
    }

    private func fail(_ live: LiveJob, _ error: any Error) async {
        if APIError.isUnexpected(error) {
            logger.error("a job failed", metadata: ["job": "\(live.id.prefix(8))", "error": "\(error)"])
        }
        // A job that the end of the server stops is drawn after its restart.
        if error is CancellationError, !live.isCancelled, !live.job.isAttached { return live.dismissListeners() }
        let wasCancelled = error is CancellationError
        let reason = wasCancelled ? (live.isCancelled ? nil : APIError.interrupted) : APIError(error)
        do {
            // In a task of its own: what is written must not be cancelled with the work.
            try await Task {
                try await finish(live, wasCancelled && live.isCancelled ? .cancelled : .failed, [], reason)
            }.value
        } catch {
            logger.error(
                "a job's end could not be stored", metadata: ["job": "\(live.id.prefix(8))", "error": "\(error)"])
            var job = live.job
            (job.status, job.finished, job.error) = (.failed, Clock.now, APIError(error))
            live.report(.ended(job))
        }
    }

    // MARK: Asking

    /// Asks for the end of a job: what waits here has ended when this returns, what runs ends within its step.
    package func cancel(_ id: String) async throws {
        try await store.requestCancellation(id)
        guard let live = live[id] else { return }
        live.cancel()
        if live.job.status == .queued { await live.wait() }
    }

    /// Waits for the end of a job, wherever it is drawn.
    ///
    /// - Returns: the job; `nil` when there is none.
    package func end(of id: String) async throws -> Job? {
        await live[id]?.wait()
        while let job = try await store.job(id) {
            if job.status.isFinished { return job }
            try await Task.sleep(for: Self.attendInterval / 2)
        }
        return nil
    }

    /// A job that is not finished.
    package func live(_ id: String) -> LiveJob? { live[id] }

    /// Those of a client that are not finished; `nil` is everybody's.
    package func live(of client: String?) -> [LiveJob] {
        live.values.filter { client == nil || $0.job.client == client }.sorted { $0.job.created < $1.job.created }
    }

    /// Ends the server's work: no new one is taken, what is asked for by open connections and what is under way may end within
    /// the time, the rest waits in the store for the next start.
    package func drain(seconds: Int) async {
        isDraining = true
        let open = Array(live.values)
        for job in open where !job.job.isAttached && job.job.status == .queued { job.cancel(byRequest: false) }
        let deadline = Task {
            try await Task.sleep(for: .seconds(seconds))
            for job in open { job.cancel(byRequest: false) }
        }
        for job in open { await job.wait() }
        deadline.cancel()
    }
}
