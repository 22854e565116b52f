import OmniGen2
import ShapesWorld

/// The bench in one JSON object: a percentage for each task, and shares of the objects that were wanted.
struct BenchSummary: Encodable {
    private let results: [TaskResult]
    private let settings: String
    private let heldOut: Bool
    private let count: Int
    private let seed: UInt64
    private let seconds: Int

    init(_ results: [TaskResult], _ drawing: DrawingSettings, heldOut: Bool, count: Int, seed: UInt64, seconds: Int) {
        self.results = results
        settings = drawing.summary
        self.heldOut = heldOut
        self.count = count
        self.seed = seed
        self.seconds = seconds
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for result in results {
            try container.encode(Self.rounded(result.total.percentage), forKey: Key(result.task.rawValue))
            guard result.objects.wanted > 0 else { continue }
            let (objects, all) = (result.objects, Double(result.objects.wanted))
            let shares = [
                "place": objects.place, "shape": objects.shape, "color": objects.color, "size": objects.size,
                "whole": objects.whole,
            ].mapValues { Self.rounded(100 * Double($0) / all) }
            try container.encode(shares, forKey: Key(result.task.rawValue + "_objects"))
        }
        try container.encode(settings, forKey: Key("settings"))
        try container.encode(heldOut, forKey: Key("held_out"))
        try container.encode(count, forKey: Key("count"))
        try container.encode(seed, forKey: Key("seed"))
        try container.encode(seconds, forKey: Key("seconds"))
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
