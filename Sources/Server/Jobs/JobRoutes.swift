import HTTPTypes
import Hummingbird
import HummingbirdCore
import OmniGen2

/// Jobs that are asked for, looked at, followed and cancelled, and the history they make.
struct JobRoutes {
    let runner: JobRunner
    let pictures: PictureReader
    let reader: RequestReader
    /// Whether each key sees its own jobs only; without keys everybody sees all.
    let separatesClients: Bool

    private static let largestPage = 200

    func add(to router: RouterGroup<ServerContext>) {
        router.post("v1/jobs", use: submit)
        router.get("v1/jobs", use: list)
        router.get("v1/jobs/:id", use: show)
        router.get("v1/jobs/:id/events", use: follow)
        router.post("v1/jobs/:id/cancel", use: cancel)
        router.delete("v1/jobs/:id", use: delete)
    }

    /// What is behind a name nobody can guess needs no key: pages show it by its address.
    func addPictures(to router: Router<ServerContext>) {
        router.get("v1/pictures/:id/:name") { request, context in
            try await picture(context, .output, context.parameters.get("name"))
        }
        router.get("v1/jobs/:id/inputs/:name") { request, context in
            try await picture(context, .input, context.parameters.get("name"))
        }
        router.get("v1/jobs/:id/mask") { request, context in try await picture(context, .mask, "0") }
    }

    @Sendable private func submit(_ request: Request, _ context: ServerContext) async throws -> Response {
        var content = try await reader.content(request)
        let interval = try content.fields.int("preview_interval") ?? 0
        guard interval >= 0 else { throw APIError.invalid("preview_interval must be 0 or more", "preview_interval") }
        let settings = try PictureSettings(&content.fields, runner.settings)
        let inputs = try await pictures.inputs(&content)
        let (live, _) = try await runner.submit(
            settings, inputs, warnings: content.fields.unreadWarnings, client: context.client, isAttached: false,
            previewInterval: interval)
        var response = Response.json(live.json, status: .accepted)
        response.headers[.location] = "/v1/jobs/\(live.id)"
        return response
    }

    @Sendable private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
        var query = JobStore.Query()
        query.client = separatesClients ? context.client : nil
        // Forms write a space as a plus.
        let parameters = URI(request.uri.string.replacing("+", with: "%20")).queryParameters
        query.before = parameters["before"].map(String.init)
        query.search = parameters["search"].map(String.init)
        if let status = parameters["status"] {
            guard let known = Job.Status(rawValue: String(status)) else {
                let all = Job.Status.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError.invalid("status must be one of \(all), got '\(status.prefix(40))'", "status")
            }
            query.status = known
        }
        if let text = parameters["limit"] {
            guard let limit = Int(text), (1...Self.largestPage).contains(limit) else {
                throw APIError.invalid(
                    "limit must be between 1 and \(Self.largestPage), got '\(text.prefix(40))'", "limit")
            }
            query.limit = limit
        }
        let (jobs, hasMore) = try await runner.store.jobs(query)
        var documents: [JSONValue] = []
        for job in jobs { documents.append(await runner.live(job.id)?.json ?? job.json()) }
        return .json(["object": "list", "data": .array(documents), "has_more": .bool(hasMore)])
    }

    @Sendable private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try await known(context)
        return .json(try await document(id))
    }

    @Sendable private func follow(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try await known(context)
        let live = await runner.live(id)
        let stored = try await runner.store.job(id)
        return .events { events in
            // Listening begins before the snapshot, so that nothing falls between.
            let news = live?.events()
            guard let live, let news else {
                guard let stored else { return }
                events.send("job.snapshot", stored.json())
                guard let ended = try await runner.end(of: id) else { return }
                return events.send(.ended(ended))
            }
            events.send("job.snapshot", live.json)
            for await event in news { events.send(event) }
        }
    }

    @Sendable private func cancel(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try await known(context)
        try await runner.cancel(id)
        return .json(try await document(id))
    }

    @Sendable private func delete(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try await known(context)
        try await runner.cancel(id)
        _ = try await runner.end(of: id)
        try await runner.store.delete(id)
        return .json(["id": .string(id), "object": "job", "deleted": true])
    }

    /// The job a request names, if it is the client's.
    private func known(_ context: ServerContext) async throws -> String {
        let id = context.parameters.get("id") ?? ""
        guard Job.isID(id), let job = try await runner.store.job(id),
            !separatesClients || job.client == context.client
        else { throw APIError.notFound("there is no job '\(id.prefix(40))'") }
        return id
    }

    private func document(_ id: String) async throws -> JSONValue {
        if let live = await runner.live(id) { return live.json }
        guard let job = try await runner.store.job(id) else { throw APIError.notFound("there is no job '\(id)'") }
        return job.json()
    }

    private func picture(
        _ context: ServerContext, _ kind: Job.Picture.Kind, _ name: String?
    ) async throws -> Response {
        let id = context.parameters.get("id") ?? ""
        let index = (name ?? "").split(separator: ".").first.flatMap { Int($0) }
        guard Job.isID(id), let index, let picture = try await runner.store.picture(id, kind, index) else {
            throw APIError.notFound("there is no such picture")
        }
        var response = Response.bytes(picture.bytes, "image/\(picture.format.rawValue)")
        response.headers[.cacheControl] = "private, max-age=31536000, immutable"
        return response
    }
}

extension EventWriter {
    func send(_ event: JobEvent) {
        switch event {
        case .queued(let position): send("job.queued", ["position": .int(position)])
        case .started: send("job.started", [:])
        case .progress(let progress): send("job.progress", progress.json)
        case .preview(let bytes, let step):
            send("job.preview", ["step": .int(step), "b64_json": .string(bytes.base64)])
        case .warning(let text): send("job.warning", ["message": .string(text)])
        case .ended(let job): send("job.\(job.status.rawValue)", job.json())
        }
    }
}
