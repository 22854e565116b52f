import ArgumentParser
import Layers
import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which adapters a command draws with.
struct AdapterOptions: ParsableArguments {
    @Option(
        name: .customLong("lora"),
        help: ArgumentHelp(
            "A LoRA file or folder, and how strongly it acts; may be repeated. (default scale: 1)",
            valueName: "path[:scale]"))
    var adapters: [Adapter] = []

    @Flag(name: .customLong("merge-lora"), help: "Make the adapters part of the weights: faster, more memory.")
    var merges = false

    /// Adapters that are given take the place of those of the record.
    func apply(to record: inout GenerationRecord) {
        if !adapters.isEmpty { record.adapters = adapters }
        if merges { record.mergesAdapters = true }
    }
}

/// `PATH[:SCALE]`. What follows the last colon is the scale if it is a number, and if no file is called by the whole.
extension Adapter: ExpressibleByArgument {
    /// `nil` when there is no path, or the scale is no finite number.
    public init?(argument: String) {
        var (path, scale) = (argument, 1.0)
        if let colon = argument.lastIndex(of: ":"), let number = Double(argument[argument.index(after: colon)...]),
            !FileManager.default.fileExists(atPath: argument)
        {
            (path, scale) = (String(argument[..<colon]), number)
        }
        guard !path.isEmpty, scale.isFinite else { return nil }
        self.init(path: path, scale: scale)
    }
}

extension GenerationRecord {
    /// Opens the adapters' files, so that a wrong one is noticed before the model is loaded.
    func checkAdapters() throws {
        for adapter in adapters ?? [] { _ = try AdapterFile(path: adapter.path) }
    }

    /// Makes the model draw with the record's adapters, and says what of them belongs to it.
    func setAdapters(of model: OmniGen2, _ display: ProgressDisplay) async throws {
        guard let adapters, !adapters.isEmpty else { return }
        for report in try await model.setAdapters(adapters, merged: mergesAdapters ?? false) {
            display.message("\(report)")
        }
    }
}
