/// Samples from several files, each taken as often as its ratio says.
///
/// Source: `OmniGen2TrainDataset._collect_annotations` of the original. There the ratios are computed and then not used;
/// here they are.
package struct DataMixture<File: SampleCollection>: Sendable {
    /// A file of samples, and how much of it an epoch takes.
    package struct Part: Sendable {
        package let file: File
        /// Samples an epoch takes, each at most once.
        package let count: Int
    }

    package let parts: [Part]

    /// Samples in an epoch.
    package var count: Int { parts.reduce(0) { $0 + $1.count } }

    package init(parts: [Part]) { self.parts = parts }
}

extension DataMixture where File == SampleFile {
    /// The first samples that can be read, of all files in turn.
    package func first(_ count: Int) -> [TrainingSample] {
        var samples: [TrainingSample] = []
        let longest = parts.map(\.count).max() ?? 0
        for line in 0..<min(longest, count) {
            for part in parts where line < part.count && samples.count < count {
                if let sample = try? part.file[line] { samples.append(sample) }
            }
        }
        return samples
    }

    /// What `read` makes of the first samples that it can read; of data that is damaged throughout, not every line is tried.
    ///
    /// - Throws: the last `SampleError` when it can read none.
    func first<Value>(_ count: Int, _ read: (TrainingSample) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        var failure: SampleError?
        for sample in first(max(count, Self.triedSamples)) where values.count < count {
            do { values.append(try read(sample)) } catch let error as SampleError { failure = error }
        }
        if let failure, values.isEmpty { throw failure }
        return values
    }

    private static let triedSamples = 64

    /// Reads a `.yml`, a `.jsonl` or `.json`, or a folder of these two. Relative paths begin at the file they stand in.
    ///
    /// - Throws: `SettingsError` or `SampleError` that names the file.
    package init(path: String, report: (String) -> Void = { _ in }) throws {
        let files = try Self.shares(Entry(path: path, ratio: 1), share: 1, from: nil, ancestors: [], report)
        parts = files.map { file, share in
            // Of a small file at least something.
            Part(file: file, count: share > 0 ? min(file.count, max(1, Int(Double(file.count) * share))) : 0)
        }
    }

    /// What a mixture lists.
    private struct Entry {
        let path: String
        let ratio: Double
        /// Where relative paths of pictures begin, if not at the files that name them.
        var imageFolder: String?
    }

    /// The files of an entry, with the share of their samples.
    private static func shares(
        _ entry: Entry, share: Double, from settings: Settings?, ancestors: [String], _ report: (String) -> Void
    ) throws -> [(SampleFile, Double)] {
        let path = entry.path
        switch path.split(separator: ".").last {
        case "yml", "yaml": return try mixture(entry, share, ancestors, report)
        case "json", "jsonl": return [(try SampleFile(path: path, imageFolder: entry.imageFolder), share)]
        default:
            guard !EncodedFolder.exists(at: path) else {
                throw TrainingError.data(
                    path: path, reason: "holds encoded samples, from which only the transformer is trained")
            }
            let files = SampleFile.paths(inFolder: path)
            guard !files.isEmpty else {
                throw SettingsError(
                    file: settings?.file ?? path, line: nil,
                    reason: "\(path) is no .yml, .jsonl or .json file, and no folder with such files")
            }
            return try files.map { (try SampleFile(path: $0, imageFolder: entry.imageFolder), share) }
        }
    }

    private static func mixture(
        _ parent: Entry, _ share: Double, _ ancestors: [String], _ report: (String) -> Void
    ) throws -> [(SampleFile, Double)] {
        let path = parent.path
        guard !ancestors.contains(path) else {
            throw SettingsError(file: path, line: nil, reason: "is part of itself")
        }
        let settings = try Settings(file: path)
        let entries = try settings.mappings("data")
        guard !entries.isEmpty else { throw settings.error("data", "must list at least one file") }
        let read = try entries.map { entry in
            guard let name = try entry.string("path") else { throw entry.error("path", "is missing") }
            guard let ratio = try entry.double("ratio"), ratio >= 0 else {
                throw entry.error("ratio", "must be there and 0 or more")
            }
            _ = entry.has("type")
            let folder = try entry.string("image_folder").map { Training.path($0, writtenIn: path) }
            return Entry(
                path: Training.path(name, writtenIn: path), ratio: ratio, imageFolder: folder ?? parent.imageFolder)
        }
        for (name, line) in settings.unasked { report("\(path)\(line.map { ":\($0)" } ?? ""): \(name) is not known") }
        let total = read.reduce(0) { $0 + $1.ratio }
        guard total > 0 else { throw settings.error("data", "needs a ratio above 0") }
        return try read.flatMap { entry in
            try shares(
                entry, share: share * entry.ratio / total, from: settings, ancestors: ancestors + [path], report)
        }
    }
}
