import ArgumentParser
import Hub
import Layers
import OmniGen2
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `omnigen2 info`: what this program found on the machine, and what a model folder holds.
struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show what is installed, and what a model folder holds.")

    @Argument(help: "A model folder in the published layout.")
    var model: String?

    @Option(help: ArgumentHelp("Folder of libtorch.", valueName: "dir"))
    var libtorch: String?

    func run() async throws {
        Terminal.write(await machine().lines)
        guard let model else { return }
        let summary = try await withEngine { try ModelSummary(path: model) }
        Terminal.write(summary.table.lines)
        if let problem = summary.problem { throw problem }
    }

    private func machine() async -> [(String, String)] {
        var rows = [("omnigen2", omniGen2Version)]
        do {
            let found = try await Engine.load(libtorch: libtorch)
            rows.append(("libtorch", "\(found.version) in \(found.folder)"))
            rows.append(("threads", "\(found.threads)"))
            rows.append(("devices", await Self.devices()))
        } catch {
            rows.append(("libtorch", "\(error)"))
        }
        rows.append(("processor", Processor.name()))
        rows.append(("features", Processor.features().joined(separator: " ")))
        rows.append(("kernels", Kernels.path + (Kernels.arePreferred ? "" : " (libtorch's are taken)")))
        rows.append(("cache", LibTorchSearch.cacheFolder()))
        if let hub = try? HubConfiguration(environment: ProcessInfo.processInfo.environment) {
            rows.append(("models", hub.cacheFolder))
        }
        return rows
    }

    @Engine
    private static func devices() -> String {
        do {
            return "cpu, \(try Engine.device(.cuda))"
        } catch {
            return "cpu"
        }
    }
}

extension [(String, String)] {
    /// Aligned lines of names and values.
    fileprivate var lines: String {
        let width = map(\.0.count).max() ?? 0
        return map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 + "\n" }.joined()
    }
}
