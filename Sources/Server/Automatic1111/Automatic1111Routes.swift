import HTTPTypes
import Hummingbird
import OmniGen2

/// The part of AUTOMATIC1111's interface that tools use.
struct Automatic1111Routes {
    let runner: JobRunner
    let pictures: PictureReader
    let reader: RequestReader
    let modelName: String
    /// Previews for `progress`.
    private let previews = LatestPreviews()

    init(runner: JobRunner, pictures: PictureReader, reader: RequestReader, modelName: String) {
        (self.runner, self.pictures, self.reader, self.modelName) = (runner, pictures, reader, modelName)
    }

    func add(to router: RouterGroup<ServerContext>) {
        router.post("sdapi/v1/txt2img") { try await draw($0, $1, needsPicture: false) }
        router.post("sdapi/v1/img2img") { try await draw($0, $1, needsPicture: true) }
        router.get("sdapi/v1/progress", use: progress)
        router.post("sdapi/v1/interrupt", use: interrupt)
        router.post("sdapi/v1/skip", use: interrupt)
        router.get("sdapi/v1/samplers") { _, _ in Response.json(Automatic1111Samplers.list) }
        router.get("sdapi/v1/schedulers") { _, _ in
            Response.json([
                [
                    "name": "automatic", "label": "Automatic", "aliases": [], "default_rho": -1,
                    "need_inner_model": false,
                ]
            ])
        }
        router.get("sdapi/v1/upscalers") { _, _ in Response.json([]) }
        router.get("sdapi/v1/sd-models") { _, _ in Response.json([model]) }
        router.get("sdapi/v1/sd-vae") { _, _ in Response.json([]) }
        router.get("sdapi/v1/loras") { _, _ in
            Response.json(
                .array(
                    runner.settings.adapters.keys.sorted().map {
                        ["name": .string($0), "alias": .string($0), "path": .string($0), "metadata": [:]]
                    }))
        }
        router.get("sdapi/v1/options") { _, _ in
            Response.json(["sd_model_checkpoint": .string(modelName), "samples_format": "png"])
        }
        router.post("sdapi/v1/options") { request, _ in
            _ = try await reader.content(request)
            return Response.json(nil)
        }
    }

    private var model: JSONValue {
        [
            "title": .string(modelName), "model_name": .string(modelName), "hash": nil, "sha256": nil,
            "filename": .string(modelName), "config": nil,
        ]
    }

    private func draw(_ request: Request, _ context: ServerContext, needsPicture: Bool) async throws -> Response {
        var content = try await reader.content(request)
        let asked = try await Automatic1111Request(&content.fields, runner.settings, pictures)
        if needsPicture, asked.inputs.images.isEmpty {
            throw APIError.invalid("init_images must have a picture", "init_images")
        }
        let interval = max(1, asked.settings.request.steps / 8)
        let (live, events) = try await runner.submit(
            asked.settings, asked.inputs, warnings: asked.warnings, client: context.client, isAttached: true,
            previewInterval: interval)
        let departure = await context.onLeave { live.cancel() }
        defer { departure.dismiss() }
        let job = try await ended(events, live)
        return .json(try await document(job, asked.settings))
    }

    /// Waits for a job, and keeps its previews for whoever asks how far it is.
    private func ended(_ events: AsyncStream<JobEvent>, _ live: LiveJob) async throws -> Job {
        defer { previews.forget(live.id) }
        for await event in events {
            if case .preview(let bytes, _) = event { previews.keep(bytes, of: live.id) }
            if case .ended(let job) = event { return job }
        }
        live.cancel()
        throw CancellationError()
    }

    /// A job that was interrupted has no pictures, as there.
    private func document(_ job: Job, _ settings: PictureSettings) async throws -> JSONValue {
        if job.status == .failed { throw job.error ?? APIError(500, .server, "the job failed") }
        var (images, texts): ([JSONValue], [JSONValue]) = ([], [])
        for picture in job.pictures(.output) {
            guard let stored = try await runner.store.picture(job.id, .output, picture.index) else { continue }
            images.append(.string(stored.bytes.base64))
            texts.append(
                .string(settings.infotext(width: picture.width, height: picture.height, model: modelName)))
        }
        let request = settings.request
        let seed = JSONValue.int(Int(request.seed))
        let info: JSONValue = [
            "prompt": .string(request.prompt), "all_prompts": .array(images.map { _ in .string(request.prompt) }),
            "negative_prompt": .string(request.negativePrompt), "seed": seed,
            "all_seeds": .array(images.map { _ in seed }),
            "width": .int(job.pictures(.output).first?.width ?? request.width),
            "height": .int(job.pictures(.output).first?.height ?? request.height),
            "sampler_name": .string(Automatic1111Samplers.name(of: request.scheduler)),
            "cfg_scale": .double(request.textGuidance), "steps": .int(request.steps), "batch_size": .int(images.count),
            "sd_model_name": .string(modelName), "sd_model_hash": "", "infotexts": .array(texts),
            "index_of_first_image": 0, "job_timestamp": .string("\(Int(job.created))"),
            "version": .string(omniGen2Version),
            "warnings": job.warningDocument,
        ]
        return [
            "images": .array(images), "parameters": job.settings, "info": .string(info.compactText),
        ]
    }

    @Sendable private func progress(_ request: Request, _ context: ServerContext) async throws -> Response {
        let own = await runner.live(of: context.client)
        let running = own.first { $0.job.status == .running }
        let progress = running?.progress
        let share = progress.map { $0.steps > 0 ? Double($0.step) / Double($0.steps) : 0 } ?? 0
        let preview = running.flatMap { previews.latest(of: $0.id) }
        return .json([
            "progress": .double(share), "eta_relative": .double(progress?.secondsLeft ?? 0),
            "state": [
                "skipped": false, "interrupted": false, "job": JSONValue(running?.id ?? ""),
                "job_count": .int(own.count), "job_no": 0,
                "job_timestamp": JSONValue(running.map { "\(Int($0.job.created))" } ?? "0"),
                "sampling_step": .int(progress?.step ?? 0), "sampling_steps": .int(progress?.steps ?? 0),
            ],
            "current_image": JSONValue(preview?.base64), "textinfo": nil,
        ])
    }

    /// Ends what the client's running job is; others of its wait on.
    @Sendable private func interrupt(_ request: Request, _ context: ServerContext) async throws -> Response {
        await runner.live(of: context.client).first { $0.job.status == .running }?.cancel()
        return .json([:])
    }
}
