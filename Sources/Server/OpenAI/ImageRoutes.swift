import HTTPTypes
import Hummingbird
import OmniGen2

/// `POST /v1/images/generations` and `/v1/images/edits`, as OpenAI's clients call them.
struct ImageRoutes {
    let runner: JobRunner
    let pictures: PictureReader
    let reader: RequestReader

    func add(to router: RouterGroup<ServerContext>) {
        router.post("v1/images/generations") { try await draw($0, $1, "image_generation") }
        router.post("v1/images/edits") { try await draw($0, $1, "image_edit") }
    }

    private func draw(_ request: Request, _ context: ServerContext, _ name: String) async throws -> Response {
        var content = try await reader.content(request)
        let answer = try ImageAnswer(&content.fields, name, address: Self.address(request))
        if try content.fields.string("quality") == "low" { content.fields.assume("preset", "fast") }
        let settings = try PictureSettings(&content.fields, runner.settings)
        let inputs = try await pictures.inputs(&content)
        if name == "image_edit", inputs.images.isEmpty {
            throw APIError.invalid("a picture to edit is missing", "image")
        }
        let interval = answer.previewInterval(steps: settings.request.steps)
        let (live, events) = try await runner.submit(
            settings, inputs, warnings: content.fields.unreadWarnings, client: context.client, isAttached: true,
            previewInterval: interval)
        // From here on, and not only while an answer is written: the client may be gone already.
        let departure = await context.onLeave { live.cancel() }
        guard !answer.streams else {
            return .events { writer in
                defer { departure.dismiss() }
                try await stream(events, live, answer, to: writer)
            }
        }
        defer { departure.dismiss() }
        let job = try await ended(events, live)
        return .json(try await document(job, answer, settings))
    }

    /// Where the client reaches this server, perhaps through a proxy that speaks TLS.
    private static func address(_ request: Request) -> String {
        let isSecure = request.headers.value("x-forwarded-proto") == "https"
        return "\(isSecure ? "https" : "http")://\(request.head.authority ?? "localhost")"
    }

    /// Waits for a job, which is cancelled when the wait is.
    private func ended(_ events: AsyncStream<JobEvent>, _ live: LiveJob) async throws -> Job {
        for await event in events { if case .ended(let job) = event { return try Self.completed(job) } }
        live.cancel()
        throw CancellationError()
    }

    private static func completed(_ job: Job) throws -> Job {
        switch job.status {
        case .completed: return job
        default: throw job.error ?? APIError(499, .invalidRequest, "the job was cancelled", code: "cancelled")
        }
    }

    private func document(_ job: Job, _ answer: ImageAnswer, _ settings: PictureSettings) async throws -> JSONValue {
        var data: [JSONValue] = []
        for picture in job.pictures(.output) {
            switch answer.format {
            case .url: data.append(["url": .string(answer.address(job.url(of: picture)))])
            case .base64: data.append(["b64_json": .string(try await bytes(job, picture).base64)])
            }
        }
        var document = answer.description(job)
        document["data"] = .array(data)
        document["created"] = .int(Int(job.created))
        document["id"] = .string(job.id)
        document["seed"] = .int(Int(settings.request.seed))
        if !job.warnings.isEmpty { document["warnings"] = job.warningDocument }
        return document
    }

    private func bytes(_ job: Job, _ picture: Job.Picture) async throws -> [UInt8] {
        guard let stored = try await runner.store.picture(job.id, .output, picture.index) else {
            throw APIError(500, .server, "the picture is no longer kept", code: "gone")
        }
        return stored.bytes
    }

    private func stream(
        _ events: AsyncStream<JobEvent>, _ live: LiveJob, _ answer: ImageAnswer, to writer: EventWriter
    ) async throws {
        var partials = 0
        for await event in events {
            switch event {
            case .preview(let bytes, _) where partials < answer.partialImages:
                var document = answer.description(live.job)
                document["type"] = .string("\(answer.name).partial_image")
                document["b64_json"] = .string(bytes.base64)
                document["partial_image_index"] = .int(partials)
                document["created_at"] = .int(Int(Clock.now))
                document["usage"] = nil
                partials += 1
                writer.send("\(answer.name).partial_image", document)
            case .ended(let job):
                return try await end(job, answer, writer)
            default: break
            }
        }
        live.cancel()
    }

    private func end(_ job: Job, _ answer: ImageAnswer, _ writer: EventWriter) async throws {
        do {
            for picture in try Self.completed(job).pictures(.output) {
                var document = answer.description(job)
                document["type"] = .string("\(answer.name).completed")
                document["b64_json"] = .string(try await bytes(job, picture).base64)
                document["created_at"] = .int(Int(job.created))
                document["url"] = .string(answer.address(job.url(of: picture)))
                writer.send("\(answer.name).completed", document)
            }
        } catch {
            writer.send("error", ["type": "error", "error": APIError(error).fields])
        }
        writer.send(ServerSentEvent(data: "[DONE]"))
    }
}

/// How OpenAI's client wants its answer.
struct ImageAnswer: Sendable {
    enum Format: String, Sendable, CaseIterable {
        case base64 = "b64_json"
        case url
    }

    /// What its events are called.
    let name: String
    let format: Format
    let streams: Bool
    let partialImages: Int
    private let quality: String
    private let address: String

    init(_ fields: inout Fields, _ name: String, address: String) throws(APIError) {
        self.name = name
        self.address = address
        format = try fields.choice("response_format", Format.allCases.map(\.rawValue)).flatMap(Format.init) ?? .base64
        streams = try fields.bool("stream") ?? false
        partialImages = try fields.int("partial_images") ?? 0
        guard (0...3).contains(partialImages) else {
            throw .invalid("partial_images must be between 0 and 3, got \(partialImages)", "partial_images")
        }
        quality = try fields.string("quality") ?? "auto"
        fields.ignore("model", "user", "background", "moderation", "style", "input_fidelity")
    }

    /// So many steps that the previews come evenly.
    func previewInterval(steps: Int) -> Int {
        streams && partialImages > 0 ? max(1, steps / (partialImages + 1)) : 0
    }

    /// An address that reaches this server, for one of its paths.
    func address(_ path: String) -> String { address + path }

    /// What is said of the pictures beside them.
    func description(_ job: Job) -> JSONValue {
        let output = job.pictures(.output).first
        let width = output?.width ?? job.settings["width"]?.int ?? 0
        let height = output?.height ?? job.settings["height"]?.int ?? 0
        return [
            "background": "opaque", "output_format": job.settings["output_format"] ?? "png",
            "quality": .string(quality), "size": .string("\(width)x\(height)"),
            "usage": ["input_tokens": 0, "output_tokens": 0, "total_tokens": 0],
        ]
    }
}
