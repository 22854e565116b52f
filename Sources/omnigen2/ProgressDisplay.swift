import Hub
import Layers
import OmniGen2
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Shows long work: a bar on a terminal, lines otherwise, JSON lines when asked for.
final class ProgressDisplay: Sendable {
    private enum Style {
        case bar, lines, json
    }

    private let style: Style
    private let started = Mutex<ContinuousClock.Instant?>(nil)
    private static let barWidth = 30

    init(json: Bool) { style = json ? .json : Terminal.errorIsTerminal ? .bar : .lines }

    var isJSON: Bool { style == .json }

    /// One fact as a JSON line, if that was asked for.
    func event(_ name: String, _ fields: [String: JSONField]) {
        guard style == .json else { return }
        Terminal.write(JSONField.line(["event": .string(name)].merging(fields) { $1 }) + "\n")
    }

    func message(_ text: String) {
        switch style {
        case .json: event("message", ["text": .string(text)])
        case .bar: Terminal.writeError("\r\u{1B}[K\(text)\n")
        case .lines: Terminal.writeError(text + "\n")
        }
    }

    func warning(_ text: String) {
        if style == .json { event("warning", ["text": .string(text)]) } else { message("warning: \(text)") }
    }

    /// What a preset chose, and what of it was overridden.
    ///
    /// - Parameter model: packed weights stay what they are.
    func preset(_ record: GenerationRecord, of model: ModelFolder) throws {
        guard let preset = record.preset else { return }
        let packed = try model.packedStorage.map { $0 == .packed ? "packed" : "\($0.rawValue) as packed" }
        var settings = [packed ?? record.quantization?.rawValue ?? record.dtype.rawValue, record.scheduler.rawValue]
        settings.append("\(record.steps) steps")
        settings.append("guidance \(record.guidanceRange[0]) to \(record.guidanceRange[1])")
        if let cache = record.cache { settings.append("cache \(cache)") }
        if style == .json {
            event("preset", ["name": .string(preset.rawValue), "settings": .string(settings.joined(separator: ", "))])
        } else {
            message("preset \(preset.rawValue): \(settings.joined(separator: ", "))")
        }
    }

    /// What a run will take.
    func plan(_ plan: RunPlan) {
        guard style == .json else { return message(plan.summary) }
        var fields: [String: JSONField] = ["memory": .int(plan.memory), "readsBlocks": .bool(plan.readsBlocks)]
        fields["seconds"] = plan.seconds.map { .double($0) }
        event("plan", fields)
    }

    /// Work on the pictures begins: steps are timed from here.
    func begin() { started.withLock { $0 = .now } }

    /// Time since the work began.
    var elapsed: Duration { started.withLock { $0.map { ContinuousClock.now - $0 } ?? .zero } }

    /// A bar that is full when the work is done.
    static func bar(_ done: Int, of count: Int) -> String {
        let share = count > 0 ? barWidth * done / count : barWidth
        return String(repeating: "#", count: share) + String(repeating: ".", count: barWidth - share)
    }

    func step(_ step: Int, of count: Int) {
        let perStep = elapsed / step
        let remaining = perStep * (count - step)
        switch style {
        case .json:
            event(
                "step",
                [
                    "step": .int(step), "of": .int(count), "secondsPerStep": .double(perStep.seconds),
                    "secondsLeft": .double(remaining.seconds),
                ])
        case .lines:
            Terminal.writeError("step \(step)/\(count)  \(perStep.text)/step  \(remaining.clock) left\n")
        case .bar:
            let end = step == count ? "\n" : ""
            let text = "\(step)/\(count)  \(perStep.text)/step  ETA \(remaining.clock)"
            Terminal.writeError("\r\u{1B}[K[\(Self.bar(step, of: count))] \(text)\(end)")
        }
    }

    /// What was saved against one plain forward for each guidance branch and step.
    func blockForwards(_ ran: Int, of plain: Int) {
        if style == .json {
            event("blockForwards", ["ran": .int(ran), "plain": .int(plain)])
        } else if plain > 0 {
            message("ran \(ran) of \(plain) block forwards, \(100 * (plain - ran) / plain)% saved")
        }
    }

    func download(_ progress: DownloadProgress) {
        let (done, total) = (progress.completedBytes, progress.totalBytes)
        switch style {
        case .json:
            event(
                "download",
                [
                    "file": .string(progress.file), "bytes": .int(done), "of": .int(total),
                    "filesDone": .int(progress.filesDone), "files": .int(progress.filesTotal),
                ])
        case .lines:
            if done == total { Terminal.writeError("downloaded \(progress.filesTotal) files, \(total >> 20) MB\n") }
        case .bar:
            let end = done == total ? "\n" : ""
            let bar = Self.bar(done, of: total)
            Terminal.writeError("\r\u{1B}[K[\(bar)] \(done >> 20)/\(total >> 20) MB  \(progress.file)\(end)")
        }
    }
}

/// A value of a JSON line.
enum JSONField: Encodable {
    case string(String)
    case int(Int)
    case double(Double)
    case bool(Bool)

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        }
    }

    static func line(_ fields: [String: JSONField]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(fields)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

extension Duration {
    /// "0.42 s", "12.3 s".
    var text: String {
        let hundredths = Int((seconds * 100).rounded())
        let fraction = String(hundredths % 100 + 100).dropFirst()
        return "\(hundredths / 100).\(fraction) s"
    }

    /// "1:02:03", "2:03".
    var clock: String {
        let total = Int(seconds.rounded())
        func two(_ value: Int) -> Substring { String(value + 100).dropFirst() }
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }
}
