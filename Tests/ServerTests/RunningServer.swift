import Foundation
import Logging
import OmniGen2
import ServiceLifecycle

@testable import Server

/// A server with a scripted model, on a port of its own.
struct RunningServer {
    let client: TestClient
    let model: ScriptedModel
    let services: ServiceGroup

    /// Runs a server while `body` does.
    static func with<R: Sendable>(
        _ model: ScriptedModel = ScriptedModel(), _ change: (inout ServerConfiguration) throws -> Void = { _ in },
        _ body: @Sendable @escaping (RunningServer) async throws -> R
    ) async throws -> R {
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.drainSeconds = 5
        try change(&configuration)
        var defaults = GenerationRequest(prompt: "")
        (defaults.width, defaults.height, defaults.steps) = (32, 32, 4)
        let server = Server(
            configuration, text: PictureText(modelName: "scripted", precision: .bfloat16, quantization: nil),
            defaults: defaults,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: PrometheusMetrics(),
            fetch: { url in Array(url.utf8) }, load: { model })
        let (ports, found) = AsyncStream<Int>.makeStream()
        let services = try server.services(signals: []) { found.yield($0) }
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask {
                try await services.run()
                return nil
            }
            group.addTask {
                var iterator = ports.makeAsyncIterator()
                guard let port = await iterator.next() else { throw CancellationError() }
                let running = RunningServer(client: TestClient(port: port), model: model, services: services)
                try await running.waitUntilReady()
                return try await body(running)
            }
            defer { group.cancelAll() }
            while let result = try await group.next() { if let result { return result } }
            throw CancellationError()
        }
    }

    private func waitUntilReady() async throws {
        for _ in 0..<500 {
            if try await client.get("/ready").status == 200 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw CancellationError()
    }
}

/// Waits for something that comes soon.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<2000 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
