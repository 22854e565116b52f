import Imaging
import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The event file of a run, or of a run that goes on: a folder of such files is what TensorBoard shows.
struct TensorBoardLog {
    private let path: String

    private static let prefix = "events.out.tfevents."

    /// Begins a file. What older files of the folder hold of `firstStep` and later steps is not shown any more.
    ///
    /// - Throws: `GenerationError.output` when the file cannot be written.
    init(folder: String, firstStep: Int) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw GenerationError.output("cannot create \(folder)")
        }
        path = "\(folder)/\(Self.prefix)\(Self.number(in: folder)).omnigen2"
        try write(.fileVersion, step: 0)
        try write(.start, step: firstStep)
    }

    /// The time in seconds, or more: files are read in the order of their names, which must be that of their making.
    private static func number(in folder: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let numbers = names.compactMap { name -> Int? in
            guard name.hasPrefix(prefix) else { return nil }
            return Int(name.dropFirst(prefix.count).prefix { $0.isNumber })
        }
        return max(Int(Date().timeIntervalSince1970), (numbers.max() ?? 0) + 1)
    }

    func write(_ metrics: StepMetrics) throws {
        let own = [
            ("loss", metrics.loss), ("grad_norm", metrics.gradientNorm), ("lr", metrics.rate),
            ("seconds_per_step", metrics.seconds), ("skipped", Double(metrics.skipped)),
        ]
        let measures = metrics.measures.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        try write(.values((own + measures).map { (tag: $0.0, value: .scalar($0.1)) }), step: metrics.step)
    }

    func write(_ results: [SampleResult], step: Int) throws {
        let values = try results.enumerated().map { index, result -> (tag: String, value: TensorBoardEvent.Value) in
            let value: TensorBoardEvent.Value =
                switch result.content {
                case .picture(let image): .picture(image, png: try image.pngData())
                case .answer(let text): .text("\(result.sample.instruction)\n\n\(text)")
                }
            return ("samples/\(index)", value)
        }
        try write(.values(values), step: step)
    }

    private func write(_ content: TensorBoardEvent.Content, step: Int) throws {
        let event = TensorBoardEvent(step: step, time: Date().timeIntervalSince1970, content: content)
        try RunFile.append(EventRecord.bytes(event.message.bytes), to: path)
    }
}
