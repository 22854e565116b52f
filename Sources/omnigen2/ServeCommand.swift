import ArgumentParser
import Hub
import Logging
import Metrics
import OmniGen2
import Server
import ServiceLifecycle

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `omnigen2 serve`: the model behind HTTP.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve a model over HTTP: OpenAI's interface, jobs, and a web page.",
        discussion: """
            The page is at http://127.0.0.1:8080. OpenAI's clients use http://127.0.0.1:8080/v1. Docs/Server.md has \
            every path, setting and limit. SIGTERM ends it when the running work has ended.
            """)

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @OptionGroup(title: "Server")
    var listening: ListeningOptions

    @OptionGroup(title: "Limits")
    var limits: ServingLimits

    @OptionGroup(title: "Engine")
    var engine: RunOptions

    func run() async throws {
        var configuration = try listening.configuration()
        try limits.apply(to: &configuration)
        let display = ProgressDisplay(json: false)
        model.announce(display)
        let folder = try await model.location.resolve(
            files: model.files.files, progress: display.download, warn: display.warning)
        var defaults = GenerationRequest(prompt: "")
        let side = try folder.pictureSide()
        (defaults.width, defaults.height) = (side, side)
        let engineConfiguration = try await engineConfiguration(folder, configuration.preset)
        let metrics = PrometheusMetrics(help: ServerMetrics.help)
        MetricsSystem.bootstrap(metrics)
        let text = PictureText(
            modelName: listening.servedName ?? modelName, files: model.files.files,
            precision: engineConfiguration.precision,
            quantization: engineConfiguration.quantization)
        let server = Server(
            configuration, text: text, defaults: defaults,
            logger: listening.logger(), metrics: metrics, fetch: Self.fetch(limits: configuration.limits)
        ) {
            LoadedModel(try await OmniGen2(folder: folder, configuration: engineConfiguration))
        }
        let address = listening.address
        let services = try server.services { port in display.message("listening on http://\(address):\(port)") }
        try await services.run()
    }

    /// Gets a picture of another server, from public addresses only.
    private static func fetch(limits: RequestLimits) -> @Sendable (String) async throws -> [UInt8] {
        { url in
            do {
                return try await RemotePicture(url).bytes(.init(bytes: limits.bodyBytes, seconds: limits.fetchSeconds))
            } catch let error as RemotePictureError {
                throw APIError.invalid("\(error)", code: "image_not_fetched")
            }
        }
    }

    /// The model's folder or repository, as clients name it.
    private var modelName: String {
        let name = model.location.name
        // A name may be that of a repository and of a folder: what is there is a folder.
        guard name != ModelLocation.included, FileManager.default.fileExists(atPath: name) else {
            return name.isEmpty ? "omnigen2" : name
        }
        return name.split(separator: "/").last.map(String.init) ?? "omnigen2"
    }

    /// Rounds weights as the preset does where nothing else is asked for.
    private func engineConfiguration(_ folder: ModelFolder, _ preset: Preset?) async throws -> OmniGen2.Configuration {
        let precision = model.precision ?? .bfloat16
        var configuration = engine.configuration(precision, model.quantization)
        if configuration.quantization == nil, let preset {
            let isOnCPU = try await OmniGen2.isOnCPU(configuration)
            configuration.quantization = try preset.quantization(of: folder, precision, isOnCPU: isOnCPU)
        }
        return configuration
    }
}
