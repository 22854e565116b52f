import ArgumentParser

/// A size such as 5GB, 500MB, 4GiB or a plain number of bytes.
struct ByteCount: ExpressibleByArgument, Equatable {
    let bytes: Int

    var defaultValueDescription: String {
        let unit = Self.units.filter { bytes % $0.1 == 0 && $0.1 > 1 }.max { $0.1 < $1.1 }
        return unit.map { "\(bytes / $0.1)\($0.0.prefix(1).uppercased())\($0.0.dropFirst().replacing("b", with: "B"))" }
            ?? "\(bytes)"
    }

    private static let units: [(String, Int)] = [
        ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("kb", 1000), ("mb", 1_000_000), ("gb", 1_000_000_000),
        ("b", 1), ("", 1),
    ]

    init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let text = argument.lowercased()
        guard let (unit, size) = Self.units.first(where: { text.hasSuffix($0.0) }),
            let number = Int(text.dropLast(unit.count)), number > 0
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: size)
        if overflow { return nil }
        self.bytes = bytes
    }
}
