import ArgumentParser

/// A size such as 5GB, 500MB, 4GiB or a plain number of bytes.
struct ByteCount: ExpressibleByArgument, Equatable {
    let bytes: Int

    private static let units: [(name: String, size: Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000),
        ("B", 1), ("", 1),
    ]

    /// In the largest unit of which it is a whole number.
    var defaultValueDescription: String {
        let unit = Self.units.filter { bytes % $0.size == 0 }.max { $0.size < $1.size }
        return unit.map { "\(bytes / $0.size)\($0.name)" } ?? "\(bytes)"
    }

    init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let text = argument.lowercased()
        guard let (unit, size) = Self.units.first(where: { text.hasSuffix($0.name.lowercased()) }),
            let number = Int(text.dropLast(unit.count)), number > 0
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: size)
        if overflow { return nil }
        self.bytes = bytes
    }
}
