import Hummingbird
import HummingbirdCore
import Logging
import Metrics
import NIOCore
import OmniGen2
import ServiceLifecycle
import UnixSignals

/// The HTTP server: a model, a queue before it, a store behind it, and the interfaces that clients speak.
package struct Server: Sendable {
    private let configuration: ServerConfiguration
    private let text: PictureText
    private let defaults: GenerationRequest
    private let load: @Sendable () async throws -> any ServedModel
    private let fetch: @Sendable (String) async throws -> [UInt8]
    private let logger: Logger
    private let metrics: PrometheusMetrics

    /// - Parameters:
    ///   - text: what pictures say of the model.
    ///   - defaults: how a picture is drawn where a request does not say.
    ///   - fetch: gets a picture of another server.
    ///   - load: loads the model, while the server already listens.
    package init(
        _ configuration: ServerConfiguration, text: PictureText, defaults: GenerationRequest, logger: Logger,
        metrics: PrometheusMetrics, fetch: @escaping @Sendable (String) async throws -> [UInt8],
        load: @escaping @Sendable () async throws -> any ServedModel
    ) {
        (self.configuration, self.text, self.defaults) = (configuration, text, defaults)
        (self.logger, self.metrics, self.fetch, self.load) = (logger, metrics, fetch, load)
    }

    /// What serves until it is told to end, and then until running work has ended.
    ///
    /// - Parameters:
    ///   - signals: what ends it.
    ///   - onListening: is told the port.
    package func services(
        signals: [UnixSignal] = [.sigterm, .sigint], onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws -> ServiceGroup {
        let store = try JobStore(folder: configuration.dataFolder)
        let gate = ModelGate()
        let runner = JobRunner(
            store: store, queue: FairQueue(configuration.queue), model: gate, text: text,
            settings: try settings(), retention: configuration.retention, logger: logger)
        let chats = ChatRunner(queue: runner.queue, gate: gate, settings: runner.settings, logger: logger)
        let application = Application(
            router: router(runner, chats, gate),
            server: .http1(
                configuration: .init(additionalChannelHandlers: [ConnectionWatch()], idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "omnigen2",
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.maximumConnections)),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? configuration.port) },
            logger: logger)
        // The last is told to end first: the server answers while the work is drained.
        return ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: application), .init(service: ModelService(gate: gate, load: load)),
                    .init(service: DrainService(runner: runner, chats: chats, seconds: configuration.drainSeconds)),
                ],
                gracefulShutdownSignals: signals, logger: logger))
    }

    private func settings() throws -> SettingsContext {
        var defaults = defaults
        if let preset = configuration.preset { defaults.apply(preset) }
        return SettingsContext(
            defaults: defaults, limits: configuration.limits,
            adapters: try configuration.adapterFolder.map(AdapterFolder.names(in:)) ?? [:])
    }

    private func router(_ runner: JobRunner, _ chats: ChatRunner, _ gate: ModelGate) -> Router<ServerContext> {
        let reader = RequestReader(configuration.limits)
        let modelName = text.modelName
        let pictures = PictureReader(
            store: runner.store, checker: PictureChecker(configuration.limits),
            fetch: configuration.allowsImageURLs ? fetch : nil)
        let router = Router(context: ServerContext.self)
        router.middlewares.add(RequestLog())
        router.middlewares.add(
            CrossOrigin(
                origins: configuration.allowedOrigins,
                isPrivate: configuration.isLoopback && configuration.keys == nil))
        router.middlewares.add(ErrorMiddleware())
        let jobs = JobRoutes(
            runner: runner, pictures: pictures, reader: reader, separatesClients: configuration.keys != nil)
        PageRoutes().add(to: router)
        HealthRoutes(runner: runner, gate: gate, capacity: configuration.queue.total).add(to: router)
        jobs.addPictures(to: router)
        let known = router.group().add(middleware: Authentication(keys: configuration.keys))
        jobs.add(to: known)
        ImageRoutes(runner: runner, pictures: pictures, reader: reader).add(to: known)
        ChatRoutes(
            chats: chats, settings: runner.settings, pictures: pictures, reader: reader, modelName: modelName
        ).add(to: known)
        ModelRoutes(runner: runner, gate: gate, modelName: modelName, configuration: configuration).add(to: known)
        Automatic1111Routes(runner: runner, pictures: pictures, reader: reader, modelName: modelName).add(to: known)
        known.get("metrics") { [metrics] _, _ in
            await runner.queue.measure()
            return Response.bytes(Array(metrics.text().utf8), PrometheusMetrics.contentType)
        }
        return router
    }
}

/// Loads the model while the server listens.
private struct ModelService: Service {
    let gate: ModelGate
    let load: @Sendable () async throws -> any ServedModel

    func run() async throws {
        do {
            await gate.open(.loaded(try await load()))
        } catch {
            await gate.open(.failed)
            throw error
        }
        try? await gracefulShutdown()
    }
}

/// Looks after the store, and ends the work when the server ends.
private struct DrainService: Service {
    let runner: JobRunner
    let chats: ChatRunner
    let seconds: Int

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runner.attend() }
            group.addTask {
                try? await gracefulShutdown()
                async let answered: Void = chats.drain(seconds: seconds)
                await runner.drain(seconds: seconds)
                await answered
                throw CancellationError()
            }
            do {
                try await group.next()
            } catch is CancellationError {
                group.cancelAll()
            }
        }
    }
}

extension FairQueue {
    /// Says how long the line is.
    fileprivate func measure() {
        Gauge(label: "omnigen2_queue_depth").record(waiting)
        Gauge(label: "omnigen2_running").record(running)
    }
}
