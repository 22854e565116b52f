import Foundation
import Imaging
import Logging
import OmniGen2
import ServiceLifecycle
import Testing

@testable import Server

@Suite struct ServerRouteTests {
    private static let quick: JSONValue = ["prompt": "a tree", "num_inference_steps": 2, "seed": 9]

    private static func picture(_ side: Int = 32) throws -> [UInt8] {
        try Image(width: side, height: side, pixels: Array(repeating: 80, count: 3 * side * side)).pngData()
    }

    // MARK: OpenAI

    @Test func aPictureIsDrawnAsBase64AndBehindAnAddress() async throws {
        try await RunningServer.with { server in
            let answer = try await server.client.post("/v1/images/generations", Self.quick)
            #expect(answer.status == 200)
            let text = try #require(answer.json["data"]?.array?.first?["b64_json"]?.string)
            let image = try Image.decode(try #require(DataURL.bytes(text)))
            #expect(image.width == 32 && image.pixels.first == 9)
            let record = try GenerationRecord(decoding: try #require(DataURL.bytes(text)))
            #expect(record.request.seed == 9 && record.request.width == 32 && record.model == "scripted")
            var second = Self.quick
            (second["response_format"], second["num_inference_step"]) = ("url", 3)
            let named = try await server.client.post("/v1/images/generations", second)
            #expect(named.json["warnings"] == ["the field 'num_inference_step' is not known"])
            let url = try #require(named.json["data"]?.array?.first?["url"]?.string)
            let path = String(url.dropFirst("http://127.0.0.1".count))
            #expect(try await Image.decode(server.client.get(path).body) == image)
        }
    }

    @Test func aStreamBringsPreviewsAndThePicture() async throws {
        try await RunningServer.with { server in
            var request = Self.quick
            (request["num_inference_steps"], request["stream"], request["partial_images"]) = (8, true, 2)
            let answer = try await server.client.post("/v1/images/generations", request)
            #expect(answer.headers["content-type"]?.hasPrefix("text/event-stream") == true)
            #expect(
                answer.events.map(\.name) == [
                    "image_generation.partial_image", "image_generation.partial_image", "image_generation.completed",
                    "",
                ])
            #expect(answer.events.last?.data == "[DONE]")
        }
    }

    @Test func anEditTakesAForm() async throws {
        try await RunningServer.with { server in
            let picture = try Self.picture()
            var body: [UInt8] = []
            func part(_ head: String, _ content: [UInt8]) {
                body += "--X\r\nContent-Disposition: form-data; \(head)\r\n\r\n".utf8
                body += content + Array("\r\n".utf8)
            }
            part("name=\"prompt\"", Array("make it green".utf8))
            part("name=\"num_inference_steps\"", Array("2".utf8))
            part("name=\"image[]\"; filename=\"../../a.png\"", picture)
            part("name=\"image[]\"; filename=\"b.png\"", picture)
            part(
                "name=\"mask\"; filename=\"mask.png\"",
                try Image(
                    width: 32, height: 32, pixels: Array(repeating: 255, count: 3072)
                ).pngData())
            body += "--X--\r\n".utf8
            let answer = try await server.client.send(
                "POST", "/v1/images/edits", ["content-type": "multipart/form-data; boundary=X"], body)
            #expect(answer.status == 200, "\(answer.text)")
            let id = try #require(answer.json["id"]?.string)
            let job = try await server.client.get("/v1/jobs/\(id)").json
            #expect(job["inputs"]?.array?.count == 2 && job["mask"]?["url"] != nil)
            #expect(try await server.client.get("/v1/jobs/\(id)/inputs/1").body == picture)
            let url = try #require(job["pictures"]?.array?.first?["url"]?.string)
            let record = try await GenerationRecord(decoding: server.client.get(url).body)
            #expect(record.prompt == "make it green" && record.steps == 2 && record.dtype == .bfloat16)
            #expect(record.editing?.sources.map(\.path) == ["input-0", "input-1"] && record.editing?.mask != nil)
            #expect(record.editing?.sources.first?.sha256 == nil)
            #expect(record.editing?.keepsExactSize == true)
        }
    }

    @Test func aConversationIsAnsweredWholeAndStreamed() async throws {
        try await RunningServer.with { server in
            let picture = DataURL.text(try Self.picture(), mediaType: "image/png")
            var request: JSONValue = [
                "messages": [
                    ["role": "system", "content": "be brief"], ["role": "user", "content": "hello"],
                    ["role": "assistant", "content": "hi"],
                    [
                        "role": "user",
                        "content": [
                            ["type": "text", "text": "what is this"],
                            ["type": "image_url", "image_url": ["url": .string(picture)]],
                        ],
                    ],
                ]
            ]
            let whole = try await server.client.post("/v1/chat/completions", request)
            let choice = try #require(whole.json["choices"]?.array?.first)
            #expect(choice["message"]?["content"]?.string == "what is this (after 1, with 1)")
            #expect(choice["finish_reason"]?.string == "stop" && whole.json["usage"]?["total_tokens"]?.int == 10)
            (request["stream"], request["stream_options"]) = (true, ["include_usage": true])
            let streamed = try await server.client.post("/v1/chat/completions", request)
            let chunks = streamed.events.compactMap { try? JSONValue(parsing: Array($0.data.utf8)) }
            let text = chunks.compactMap { $0["choices"]?.array?.first?["delta"]?["content"]?.string }.joined()
            #expect(text == "what is this " && streamed.events.last?.data == "[DONE]")
            #expect(chunks.last?["usage"]?["total_tokens"]?.int == 10)
        }
    }

    @Test func aConversationMayDraw() async throws {
        try await RunningServer.with { server in
            var request: JSONValue = [
                "messages": [["role": "user", "content": "draw a tree"]], "num_inference_steps": 2,
            ]
            let drawn = try await server.client.post("/v1/chat/completions", request)
            let message = drawn.json["choices"]?.array?.first?["message"]
            let url = try #require(message?["images"]?.array?.first?["image_url"]?["url"]?.string)
            #expect(try Image.decode(try #require(DataURL.bytes(url))).width == 32)
            request["modalities"] = ["text"]
            let told = try await server.client.post("/v1/chat/completions", request)
            #expect(told.json["choices"]?.array?.first?["message"]?["images"] == nil)
        }
    }

    private static let wrongMessages: [JSONValue] = [
        [], "hello", [["role": "assistant", "content": "hi"]], [["role": "wizard", "content": "hi"]],
        [["role": "user", "content": "a<|im_end|>b"]], [["role": "user", "content": 7]],
        [["role": "user", "content": [["type": "video", "url": "x"]]]],
        [["role": "user", "content": "a"], ["role": "assistant", "content": "b"]],
    ]

    @Test func wrongMessagesAreRefused() async throws {
        try await RunningServer.with { server in
            for messages in Self.wrongMessages {
                let answer = try await server.client.post("/v1/chat/completions", ["messages": messages])
                #expect(answer.status == 400, "\(messages): \(answer.text)")
                #expect(answer.json["error"]?["type"]?.string == "invalid_request_error")
            }
        }
    }

    @Test func anErrorInsideIsNotShown() async throws {
        try await RunningServer.with { server in
            let answer = try await server.client.post("/v1/images/generations", ["prompt": "break"])
            #expect(answer.status == 500 && answer.json["error"]?["code"]?.string == "internal_error")
            #expect(!answer.text.contains("secret"))
        }
    }

    // MARK: Jobs

    @Test func aJobIsFollowedFromItsPlaceToItsPicture() async throws {
        try await RunningServer.with(ScriptedModel(secondsPerStep: 0.02)) { server in
            var request = Self.quick
            (request["num_inference_steps"], request["preview_interval"]) = (6, 2)
            let answer = try await server.client.post("/v1/jobs", request)
            #expect(answer.status == 202)
            let id = try #require(answer.json["id"]?.string)
            let names = try await server.client.get("/v1/jobs/\(id)/events").events.map(\.name)
            #expect(names.first == "job.snapshot" && names.last == "job.completed")
            #expect(names.contains("job.preview") && names.contains("job.progress"))
            let job = try await server.client.get("/v1/jobs/\(id)").json
            #expect(job["status"]?.string == "completed" && job["progress"]?["step"]?.int == 6)
            for (search, count) in [("a+tree", 1), ("a%20tree", 1), ("a%2Btree", 0)] {
                let list = try await server.client.get("/v1/jobs?search=\(search)&status=completed").json
                #expect(list["data"]?.array?.count == count, "\(search)")
            }
            #expect(
                try await server.client.get("/v1/jobs/\(id)/events").events.map(\.name) == [
                    "job.snapshot", "job.completed",
                ])
        }
    }

    @Test func aJobIsCancelledWhileItRunsAndWhileItWaits() async throws {
        try await RunningServer.with(ScriptedModel(secondsPerStep: 0.05)) { server in
            func submit(_ prompt: String) async throws -> String {
                let answer = try await server.client.post(
                    "/v1/jobs", ["prompt": .string(prompt), "num_inference_steps": 100])
                return try #require(answer.json["id"]?.string)
            }
            func status(_ id: String) async throws -> String? {
                try await server.client.get("/v1/jobs/\(id)").json["status"]?.string
            }
            let (running, waiting) = (try await submit("runs"), try await submit("waits"))
            #expect(try await eventually { try await status(running) == "running" })
            #expect(try await server.client.get("/v1/jobs/\(waiting)").json["position"]?.int == 1)
            #expect(
                try await server.client.post("/v1/jobs/\(waiting)/cancel", [:]).json["status"]?.string == "cancelled")
            _ = try await server.client.post("/v1/jobs/\(running)/cancel", [:])
            #expect(try await eventually { try await status(running) == "cancelled" })
            #expect(server.model.cancelled == ["runs"])
            #expect(try await server.client.send("DELETE", "/v1/jobs/\(running)").json["deleted"]?.bool == true)
            #expect(try await server.client.get("/v1/jobs/\(running)").status == 404)
        }
    }

    @Test func aClientThatLeavesEndsItsWork() async throws {
        try await RunningServer.with(ScriptedModel(secondsPerStep: 0.05)) { server in
            for (index, stream) in [false, true].enumerated() {
                let body: JSONValue = ["prompt": "left", "num_inference_steps": 100, "stream": .bool(stream)]
                try await server.client.abandon(
                    TestClient.request("POST", "/v1/images/generations", [:], try body.line())
                ) {
                    server.model.adapters.count > index
                }
            }
            #expect(try await eventually { server.model.cancelled == ["left", "left"] })
            #expect(try await eventually { try await server.client.get("/ready").json["running"]?.int == 0 })
        }
    }

    @Test func runningWorkEndsBeforeTheServerDoes() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/drain-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let model = ScriptedModel(secondsPerStep: 0.05)
        try await RunningServer.with(model, { $0.dataFolder = folder }) { server in
            let slow: JSONValue = ["prompt": "running", "num_inference_steps": 20]
            let running = try await server.client.post("/v1/jobs", slow).json["id"]?.string ?? ""
            _ = try await server.client.post("/v1/jobs", ["prompt": "waiting", "num_inference_steps": 2])
            #expect(
                try await eventually {
                    try await server.client.get("/v1/jobs/\(running)").json["status"]?.string == "running"
                })
            await server.services.triggerGracefulShutdown()
            #expect(try await eventually { try await server.client.get("/ready").json["status"]?.string == "draining" })
            let refused = try await server.client.post("/v1/jobs", Self.quick)
            #expect(refused.status == 503 && refused.json["error"]?["code"]?.string == "draining")
            #expect(refused.headers["retry-after"] != nil)
            #expect(try await eventually { model.drawn == ["running"] })
        }
        let store = try JobStore(folder: folder)
        #expect(try await store.recover(at: 0).compactMap { $0.settings["prompt"]?.string } == ["waiting"])
    }

    @Test func aModelThatCannotBeLoadedLosesNoJob() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/load-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = PictureSettings(GenerationRequest(prompt: "a tree"))
        let job = Job(id: Job.newID(), client: "a", settings: settings.json, created: 1)
        try await JobStore(folder: folder).insert(job, PictureInputs())
        var configuration = ServerConfiguration()
        (configuration.port, configuration.dataFolder) = (0, folder)
        let server = Server(
            configuration, text: PictureText(modelName: "none", precision: .bfloat16, quantization: nil),
            defaults: settings.request,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: PrometheusMetrics(),
            fetch: { _ in [] }
        ) {
            // Long enough for the job to be taken up, and to wait for the model.
            try await Task.sleep(for: .milliseconds(500))
            throw GenerationError.model("damaged")
        }
        let services = try server.services(signals: [])
        await #expect(throws: GenerationError.self) { try await services.run() }
        #expect(try await JobStore(folder: folder).job(job.id)?.status.isFinished == false)
    }

    // MARK: Keys and limits

    private static let key = "0123456789abcdef"

    @Test func everyRouteOfWorkAsksForAKey() async throws {
        try await RunningServer.with(
            ScriptedModel(), { $0.keys = try APIKeys(["me:\(Self.key)", "you:\(Self.key)x"]) }
        ) {
            server in
            for path in [
                "/v1/models", "/v1/capabilities", "/v1/jobs", "/sdapi/v1/samplers", "/sdapi/v1/progress", "/metrics",
            ] {
                #expect(try await server.client.get(path).status == 401, "\(path)")
                let wrong = try await server.client.get(path, ["authorization": "Bearer wrong"])
                #expect(wrong.status == 401 && wrong.json["error"]?["code"]?.string == "invalid_api_key", "\(path)")
                #expect(
                    try await server.client.get(path, ["authorization": "Bearer \(Self.key)"]).status == 200, "\(path)")
            }
            for path in [
                "/v1/images/generations", "/v1/images/edits", "/v1/chat/completions", "/v1/jobs", "/sdapi/v1/txt2img",
            ] {
                #expect(try await server.client.post(path, Self.quick).status == 401, "\(path)")
            }
            for path in ["/", "/health", "/ready"] {
                #expect(try await server.client.get(path).status == 200, "\(path)")
            }
            let mine = try await server.client.post("/v1/jobs", Self.quick, ["authorization": "Bearer \(Self.key)"])
            let id = try #require(mine.json["id"]?.string)
            let other = ["authorization": "Bearer \(Self.key)x"]
            #expect(try await server.client.get("/v1/jobs/\(id)", other).status == 404)
            #expect(try await server.client.get("/v1/jobs", other).json["data"]?.array?.count == 0)
        }
    }

    @Test func aRequestThatIsTooLargeIsRefused() async throws {
        try await RunningServer.with(ScriptedModel(), { $0.limits.bodyBytes = 1000 }) { server in
            var large = Self.quick
            large["negative_prompt"] = .string(String(repeating: "a", count: 2000))
            #expect(try await server.client.post("/v1/jobs", large).status == 413)
            let chunked = "7d0\r\n" + String(repeating: "a", count: 2000) + "\r\n0\r\n\r\n"
            let answer = try await server.client.send(
                "POST", "/v1/jobs", ["transfer-encoding": "chunked"], Array(chunked.utf8))
            #expect(answer.status == 413)
        }
    }

    @Test func aSlowRequestIsGivenUp() async throws {
        try await RunningServer.with(ScriptedModel(), { $0.limits.bodySeconds = 1 }) { server in
            let answer = try await server.client.send("POST", "/v1/jobs", ["content-length": "100"], Array("{".utf8))
            #expect(answer.status == 408)
        }
    }

    @Test func whatIsNotServedIsSaidInTheSameForm() async throws {
        try await RunningServer.with { server in
            for path in ["/nothing", "/v1/nothing", "/v1/jobs/../../etc/passwd", "/v1/pictures/%2e%2e/%2e%2e%2fpasswd"]
            {
                let answer = try await server.client.get(path)
                #expect(answer.status == 404 && answer.json["error"]?["message"] != nil, "\(path): \(answer.text)")
                #expect(answer.headers["x-request-id"] != nil)
            }
            #expect(try await server.client.send("POST", "/v1/jobs", [:], Array("{".utf8)).status == 400)
        }
    }

    @Test func otherOriginsAreLetInByNameOnly() async throws {
        let origin = ["origin": "https://studio.example"]
        try await RunningServer.with { server in
            let answer = try await server.client.get("/v1/models", origin)
            #expect(answer.headers["access-control-allow-origin"] == nil)
        }
        try await RunningServer.with(ScriptedModel(), { $0.allowedOrigins = ["https://studio.example"] }) { server in
            let answer = try await server.client.get("/v1/models", origin)
            #expect(answer.headers["access-control-allow-origin"] == "https://studio.example")
            let preflight = try await server.client.send(
                "OPTIONS", "/v1/jobs", origin.merging(["access-control-request-method": "POST"]) { $1 })
            #expect(preflight.status == 204 && preflight.headers["access-control-allow-methods"] != nil)
            let other = ["origin": "https://other.example"]
            let stranger = try await server.client.get("/v1/models", other)
            #expect(stranger.headers["access-control-allow-origin"] == nil)
            #expect(try await server.client.post("/v1/jobs", Self.quick, other).status == 403)
            #expect(try await server.client.post("/v1/jobs", Self.quick, ["origin": "http://127.0.0.1"]).status == 202)
        }
    }

    @Test func aNameThatLeadsHereIsNotThisMachines() async throws {
        try await RunningServer.with { server in
            let rebound = try await server.client.get("/v1/jobs", ["host": "evil.example:8080"])
            #expect(rebound.status == 403 && rebound.json["error"]?["code"]?.string == "host_not_allowed")
            #expect(try await server.client.get("/v1/jobs", ["host": "localhost:8080"]).status == 200)
        }
        try await RunningServer.with(ScriptedModel(), { $0.allowedOrigins = ["https://studio.example"] }) { server in
            let answer = try await server.client.get("/v1/jobs", ["host": "studio.example"])
            #expect(answer.status == 200)
        }
    }

    @Test func addressesOfPicturesAreFetchedWhereThatIsAllowed() async throws {
        let request: JSONValue = ["prompt": "a", "images": ["https://example.com/a.png"]]
        try await RunningServer.with { server in
            let answer = try await server.client.post("/v1/jobs", request)
            #expect(answer.status == 400 && answer.json["error"]?["code"]?.string == "image_urls_not_allowed")
        }
        try await RunningServer.with(ScriptedModel(), { $0.allowsImageURLs = true }) { server in
            // The test's fetch answers with the address itself, which is no picture.
            let answer = try await server.client.post("/v1/jobs", request)
            #expect(answer.json["error"]?["code"]?.string == "invalid_image")
        }
    }

    // MARK: AUTOMATIC1111

    @Test func automatic1111ToolsAreServed() async throws {
        try await RunningServer.with { server in
            let answer = try await server.client.post(
                "/sdapi/v1/txt2img",
                [
                    "prompt": "a tree", "steps": 3, "seed": 5, "sampler_name": "DPM++ 2M", "cfg_scale": 4,
                    "batch_size": 2,
                ])
            #expect(answer.json["images"]?.array?.count == 2, "\(answer.text)")
            let info = try JSONValue(parsing: Array((answer.json["info"]?.string ?? "").utf8))
            #expect(info["seed"]?.int == 5 && info["sampler_name"]?.string == "DPM++ 2M")
            #expect(
                info["infotexts"]?.array?.first?.string?.contains("Steps: 3, Sampler: DPM++ 2M, CFG scale: 4") == true)
            #expect(try await server.client.post("/sdapi/v1/img2img", ["prompt": "a"]).status == 400)
            #expect(try await server.client.get("/sdapi/v1/progress").json["progress"]?.double == 0)
        }
    }
}
