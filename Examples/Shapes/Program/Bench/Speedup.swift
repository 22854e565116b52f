import ArgumentParser
import OmniGen2
import ShapesWorld

/// A faster way to draw.
struct Speedup {
    let name: String
    private let arguments: [String]
    let tasks: [ShapesTask]

    /// - Parameter arguments: as on the command line.
    private init(_ name: String, _ arguments: [String], answers: Bool = false) {
        self.name = name
        self.arguments = arguments
        tasks = answers ? ShapesTask.allCases : [.draw, .edit, .compose]
    }

    var settings: DrawingSettings {
        get throws { try DrawingSettings.parse(arguments) }
    }

    static let plain = Speedup("plain", [], answers: true)

    static let all = [
        Speedup("bf16", ["--precision", "bf16"], answers: true),
        Speedup("int8", ["--precision", "bf16", "--quantize", "int8"], answers: true),
        Speedup("int4", ["--precision", "bf16", "--quantize", "int4"], answers: true),
        Speedup("guided60", ["--guided", "0.6"]),
        Speedup("guided40", ["--guided", "0.4"]),
        Speedup("teacache", ["--cache", "teacache"]),
        Speedup("taylorseer", ["--cache", "taylorseer"]),
        Speedup("taylorseer5", ["--cache", "taylorseer:5:3"]),
        Speedup("dpm20", ["--scheduler", "dpmsolver++", "--steps", "20"]),
        Speedup("dpm10", ["--scheduler", "dpmsolver++", "--steps", "10"]),
        Speedup("euler30", ["--steps", "30"]),
        Speedup("euler20", ["--steps", "20"]),
        fast,
    ]

    /// What `omnigen2 generate --preset fast` chooses.
    private static var fast: Speedup {
        var request = GenerationRequest(prompt: "")
        request.apply(.fast)
        let quantization = Preset.fast.quantization.map { ["--quantize", $0.rawValue] } ?? []
        return Speedup(
            "fast",
            [
                "--precision", "bf16", "--scheduler", request.scheduler.rawValue, "--steps", "\(request.steps)",
                "--cache",
                request.cache.description, "--guided", "\(request.guidanceRange.upperBound)",
            ] + quantization)
    }
}

/// What a faster way costs on one task.
struct SpeedupRow: Encodable {
    let speedup, task: String
    let count: Int
    /// Percentages that are right.
    let plain, faster: Double
    /// Points lost, and the upper end of the 95% interval.
    let loss, bound: Double
    /// How many times as fast, decoding and loading of pictures included.
    let speed: Double

    init(speedup: String, _ task: ShapesTask, _ plain: [Bool], _ faster: [Bool], speed: Double) {
        self.speedup = speedup
        self.task = task.rawValue
        let pairs = zip(plain, faster)
        let n = Double(plain.count)
        count = plain.count
        let lost = Double(pairs.filter { $0 && !$1 }.count)
        let won = Double(pairs.filter { !$0 && $1 }.count)
        // Half a case is added to each of the four ways a pair can come out, or pairs that are all alike would prove that
        // no pair ever differs (Agresti and Min, Statistics in Medicine 24, 2005).
        let size = n + 2
        let middle = (lost - won) / size
        let deviation = ((lost + won + 1) / size - middle * middle).squareRoot() / size.squareRoot()
        func points(_ value: Double) -> Double { (value * 10_000).rounded() / 100 }
        self.plain = points(Double(plain.filter { $0 }.count) / n)
        self.faster = points(Double(faster.filter { $0 }.count) / n)
        loss = points((lost - won) / n)
        bound = points(middle + 1.96 * deviation)
        self.speed = (speed * 100).rounded() / 100
    }
}
