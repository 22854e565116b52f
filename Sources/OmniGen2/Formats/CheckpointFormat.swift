import Layers

/// One way in which files spell the tensors of a part.
package struct CheckpointFormat: Sendable {
    /// What to call the format in a message.
    package let title: String
    package let part: ModelFolder.Part
    /// Names of which a file of this format has at least one, and a file of no other format any.
    let markers: [String]
    /// What may stand before every name; "" is tried first.
    let prefixes: [String]
    let rows: [NameTable.Row]
    /// In the stored spelling, the beginning of the names that `~` of the rows counts.
    let reversed: String?

    init(
        title: String, part: ModelFolder.Part, markers: [String], prefixes: [String] = [""], rows: [NameTable.Row],
        reversed: String? = nil
    ) {
        self.title = title
        self.part = part
        self.markers = markers
        self.prefixes = prefixes
        self.rows = rows
        self.reversed = reversed
    }

    /// Every format that is read, by part.
    package static let all: [CheckpointFormat] = [
        .transformer, .publishedAutoencoder, .originalAutoencoder, .languageModel, .newerLanguageModel,
    ]

    /// How a file with these names spells them; `nil` if it is not of this format.
    package func table(for names: Set<String>) -> NameTable? {
        guard let prefix = prefixes.first(where: { prefix in markers.contains { names.contains(prefix + $0) } }) else {
            return nil
        }
        let count = reversed.map { Self.count(names, prefix + $0) } ?? 0
        return NameTable(prefix: prefix, rows: rows, reversedCount: count)
    }

    /// One more than the largest number that follows `beginning`.
    private static func count(_ names: Set<String>, _ beginning: String) -> Int {
        names.lazy.filter { $0.hasPrefix(beginning) }
            .compactMap { Int($0.dropFirst(beginning.count).prefix { $0 != "." }) }
            .filter(ConfigurationLimits.count.contains).max().map { $0 + 1 } ?? 0
    }
}

extension CheckpointFormat {
    /// Finds the format of tensors that are to serve as `part`.
    ///
    /// - Throws: `GenerationError.model`, which says what was expected and what was found: another part, or nothing known.
    package static func recognize(
        _ names: [String], as part: ModelFolder.Part, origin: String
    ) throws -> (format: CheckpointFormat, table: NameTable) {
        let set = Set(names)
        let matches = all.compactMap { format in format.table(for: set).map { (format, $0) } }
        if let match = matches.first(where: { $0.0.part == part }) { return match }
        let expected = all.filter { $0.part == part }.map { "\($0.markers[0]) (\($0.title))" }
        let found = matches.first.map { "holds \($0.0.title), which is the \($0.0.part.rawValue) of a model" }
        let example = names.isEmpty ? "holds no tensors" : "holds tensors such as \(names[0])"
        throw GenerationError.model(
            "\(origin): not the \(part.rawValue) of a model: expected a tensor \(expected.joined(separator: " or ")); "
                + "the file \(found ?? example)")
    }
}
