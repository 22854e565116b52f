import Diffusion
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Speeds of this machine, in the program's cache folder: one for each size of a model, number type and number of
/// threads.
struct SpeedStore {
    let folder: String

    init(folder: String = LibTorchSearch.cacheFolder() + "/speed") { self.folder = folder }

    private struct Entry: Codable {
        let key: String
        let speed: MachineSpeed
    }

    /// The stored one; otherwise what `measure` gives, which is stored if it can be.
    func speed(_ key: String, measure: () throws -> MachineSpeed) throws -> MachineSpeed {
        if let stored = read(key) { return stored }
        let measured = try measure()
        write(Entry(key: key, speed: measured))
        return measured
    }

    func read(_ key: String) -> MachineSpeed? {
        guard let data = FileManager.default.contents(atPath: path(key)),
            let entry = try? JSONDecoder().decode(Entry.self, from: data), entry.key == key
        else { return nil }
        return entry.speed
    }

    /// A folder that cannot be written costs a second the next time, and nothing else.
    private func write(_ entry: Entry) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(entry) else { return }
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try? data.write(to: URL(fileURLWithPath: path(entry.key)), options: .atomic)
    }

    private func path(_ key: String) -> String {
        // FNV-1a: the key itself stands in the file.
        let hash = key.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "\(folder)/\(String(hash, radix: 16)).json"
    }
}
