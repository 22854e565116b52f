import ArgumentParser
import Logging
import OmniGen2
import Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where a server listens, and to whom.
struct ListeningOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Address to listen on.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("Port to listen on; 0 takes a free one.", valueName: "port"))
    var port = 8080

    @Option(
        help: ArgumentHelp(
            "Name under which clients see the model. (default: that of its folder or repository)", valueName: "name"))
    var servedName: String?

    @Option(
        help: ArgumentHelp(
            "Folder of the job store: jobs and their pictures outlive the process. (default: in memory)",
            valueName: "dir"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "File of keys, one a line, 'name:key' or the key alone. Without keys everybody who can reach the server may "
                + "use it.", valueName: "file"))
    var keyFile: String?

    @Flag(name: .customLong("no-key"), help: "Listen beyond this machine without a key.")
    var allowsStrangers = false

    @Option(
        help: ArgumentHelp("Origin whose pages may call the server, or *; may be repeated.", valueName: "origin"))
    var cors: [String] = []

    @Flag(
        name: .customLong("allow-image-urls"),
        help: "Fetch pictures that requests name by http addresses, from public addresses only.")
    var allowsImageURLs = false

    @Option(help: ArgumentHelp("Folder of LoRA files that requests may name.", valueName: "dir"))
    var loraFolder: String?

    @Option(help: ArgumentHelp("Settings where a request has none: fast or quality.", valueName: "name"))
    var preset: String?

    @Option(help: ArgumentHelp("Log level: trace, debug, info, warning or error.", valueName: "level"))
    var logLevel = "info"

    func validate() throws {
        guard (0...65535).contains(port) else {
            throw ValidationError("--port must be between 0 and 65535, got \(port)")
        }
        try preset.require(among: Preset.allCases.map(\.rawValue), "--preset")
        try Optional(logLevel).require(among: Logger.Level.allCases.map(\.rawValue), "--log-level")
    }

    /// - Throws: `CommandError` when keys cannot be read, or anybody could use the server.
    func configuration() throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        (configuration.host, configuration.port) = (host, port)
        configuration.dataFolder = data
        configuration.keys = try keys()
        configuration.allowedOrigins = cors
        configuration.allowsImageURLs = allowsImageURLs
        configuration.adapterFolder = loraFolder
        configuration.preset = preset.flatMap(Preset.init)
        guard configuration.isLoopback || configuration.keys != nil || allowsStrangers else {
            throw CommandError(
                .usage,
                "\(host) can be reached from other machines: give --key-file FILE, or --no-key to let anybody draw")
        }
        return configuration
    }

    private func keys() throws -> APIKeys? {
        guard let keyFile else { return nil }
        guard let data = FileManager.default.contents(atPath: keyFile) else {
            throw CommandError(.noInput, "\(keyFile): cannot be read")
        }
        do {
            let keys = try APIKeys(contents: String(decoding: data, as: UTF8.self), file: keyFile)
            guard !keys.isEmpty else { throw CommandError(.badData, "\(keyFile): has no key") }
            return keys
        } catch let error as APIKeysError {
            throw CommandError(.badData, "\(error)")
        }
    }

    /// What an address in a browser says.
    var address: String { host == "0.0.0.0" || host == "::" ? "localhost" : host.contains(":") ? "[\(host)]" : host }

    /// Writes to standard error.
    func logger() -> Logger {
        var logger = Logger(label: "omnigen2") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        return logger
    }
}
