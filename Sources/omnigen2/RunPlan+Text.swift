import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RunPlan {
    /// One JSON object and a line end.
    func json() throws -> String {
        struct Summary: Encodable {
            let plan: RunPlan
            func encode(to encoder: any Encoder) throws {
                try plan.encode(to: encoder)
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(plan.memory, forKey: .memory)
                try container.encodeIfPresent(plan.seconds, forKey: .seconds)
                try container.encode(plan.fits, forKey: .fits)
            }
            enum Key: CodingKey { case memory, seconds, fits }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Summary(plan: self)), as: UTF8.self) + "\n"
    }

    /// From so many seconds on a run is announced.
    private static let longRun = 60.0

    /// Whether a person should know before it begins: it is long, or something was chosen.
    var isWorthSaying: Bool { readsBlocks || (seconds ?? 0) > Self.longRun }

    /// What is said before a run: what was chosen, and what it takes.
    var summary: String {
        let time = seconds.map { "about \(Duration.seconds($0).clock) and " } ?? ""
        let blocks = readsBlocks ? "; blocks are read from the disk each time, as not all fit" : ""
        return "\(time)\(Self.gigabytes(memory)) of memory\(blocks)"
    }

    /// Why it is not begun, and what could be.
    var refusal: String {
        let limit = memoryLimit.map(Self.gigabytes) ?? "none"
        let others = remedies.map { "\($0.options) (\(Self.gigabytes($0.memory)))" }
        return
            "this run takes \(Self.gigabytes(memory)) of memory even with blocks read from the disk, and may take "
            + "\(limit); "
            + (others.isEmpty
                ? "no smaller picture fits" : "what fits: " + others.joined(separator: ", or "))
    }

    /// The stages, a line each.
    var table: String {
        var rows = [["", "time", "memory"]]
        for stage in stages {
            rows.append([
                stage.kind.rawValue, stage.seconds.map { Self.time($0) } ?? "", Self.gigabytes(stage.memory),
            ])
        }
        rows.append(["in all", seconds.map { Self.time($0) } ?? "", Self.gigabytes(memory)])
        let references = references.isEmpty ? "" : ", references of " + references.joined(separator: ", ")
        let layers = fullSteps == steps ? "" : ", \(fullSteps) of them with all layers"
        let blocks = readsBlocks ? "read from the disk each time they are needed" : "all in memory"
        let lines = rows.map { row in
            row.enumerated().map { index, cell in
                let space = String(repeating: " ", count: max(12 - cell.count, 0))
                return index == 0 ? cell + space : space + cell
            }.joined().trimmingSuffix(" ")
        }
        return "\(width)x\(height)\(references), \(steps) steps\(layers)\nblocks: \(blocks)\n\n"
            + lines.joined(separator: "\n") + "\n"
    }

    private static func time(_ seconds: Double) -> String {
        seconds < 60 ? Duration.seconds(seconds).text : Duration.seconds(seconds).clock
    }

    /// "7.56 GB".
    static func gigabytes(_ bytes: Int) -> String {
        let hundredths = (bytes + 5_000_000) / 10_000_000
        return "\(hundredths / 100).\(String(hundredths % 100 + 100).dropFirst()) GB"
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        String(self[..<(lastIndex { $0 != character }.map { index(after: $0) } ?? startIndex)])
    }
}
