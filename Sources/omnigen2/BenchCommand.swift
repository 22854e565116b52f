import ArgumentParser
import Benchmarks
import OmniGen2
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `omnigen2 bench`: what this machine makes of the kernels and of the models at their published size.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure how fast kernels and models run here. No model is needed.",
        discussion: """
            The models have the published sizes and random weights. Each case is run in turn with a micro-benchmark of the \
            machine's peak that bounds it; the share of the peak is the median of those pairs, beside their spread. \
            Memory is the most that the process held during the case.

            A step is the first of a run with all its guidance branches; what a run computes once before it is left out. \
            first-token is vision tower and prefill. cold-start is this program started anew until libtorch is open, \
            which is what stands before the first step but for reading the model: there is none here. rounding is no time, \
            but the error of weights in 8 and 4 bits against bf16.
            """)

    @Argument(
        help: ArgumentHelp(
            "What to measure: \(BenchmarkPart.allCases.map(\.rawValue).joined(separator: ", ")). (default: all)",
            valueName: "part"))
    var parts: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Measure the cases of this name only; * stands for any characters. Repeat for more.", valueName: "name"))
    var filter: [String] = []

    @Option(help: ArgumentHelp("Number type of the models: fp32 or bf16.", valueName: "type"))
    var dtype = "bf16"

    @Option(help: ArgumentHelp("Round the weights of large layers of the models: int8 or int4.", valueName: "type"))
    var quantize: String?

    @Option(
        help: ArgumentHelp("Pairs of a case and its peak. (default: 7 for kernels, 3 for models)", valueName: "n"))
    var repetitions: Int?

    @Option(help: ArgumentHelp("Threads to compute with. (default: physical cores)", valueName: "n"))
    var threads: Int?

    @Flag(help: "Print a JSON object a line instead of a table.")
    var json = false

    @Option(help: ArgumentHelp("Folder of libtorch.", valueName: "dir"))
    var libtorch: String?

    private static let types: [String: DType] = ["fp32": .float32, "bf16": .bfloat16]
    /// As many as the kernels run with.
    private static let threadRange = 1...256

    func validate() throws {
        for part in parts where BenchmarkPart(rawValue: part) == nil {
            let known = BenchmarkPart.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("a part must be one of \(known), got '\(part)'")
        }
        if Self.types[dtype] == nil { throw ValidationError("--dtype must be fp32 or bf16, got '\(dtype)'") }
        try quantize.require(among: OmniGen2.Quantization.allCases.map(\.rawValue), "--quantize")
        if quantize != nil, dtype != "bf16" { throw ValidationError("--quantize needs --dtype bf16, got \(dtype)") }
        if let repetitions, repetitions < 1 {
            throw ValidationError("--repetitions must be 1 or more, got \(repetitions)")
        }
        if let threads, !Self.threadRange.contains(threads) {
            throw ValidationError("--threads must be between 1 and \(Self.threadRange.upperBound), got \(threads)")
        }
        let names = Benchmarks.names(of: parts.compactMap(BenchmarkPart.init))
        if let pattern = NameFilter(filter).unmatched(names).first {
            throw ValidationError("--filter \(pattern): no such case; there are \(names.joined(separator: ", "))")
        }
    }

    func run() async throws {
        var benchmarks = Benchmarks()
        benchmarks.parts = parts.compactMap(BenchmarkPart.init)
        benchmarks.filter = NameFilter(filter)
        benchmarks.numbers.dtype = Self.types[dtype] ?? .bfloat16
        benchmarks.numbers.quantization = quantize.flatMap(OmniGen2.Quantization.init)
        (benchmarks.repetitions, benchmarks.threads, benchmarks.libtorch) = (repetitions, threads, libtorch)
        if !json { Terminal.write(BenchmarkTable.header + "\n") }
        let json = json
        // Nothing is left behind that would have to be tidied up: Ctrl-C ends the program where it stands.
        try await benchmarks.run(
            progress: { Terminal.writeError("bench: \($0)\n") },
            report: { Terminal.write((json ? Self.line($0) : BenchmarkTable.row($0)) + "\n") })
    }

    private static func line(_ result: BenchmarkResult) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(result)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
