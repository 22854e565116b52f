import CKernels
import Torch

/// The cases that share what is loaded for them.
package enum BenchmarkPart: String, CaseIterable, Sendable {
    case kernels, transformer, autoencoder, language, rounding, start

    /// The cases, in the order in which they are run.
    package var names: [String] {
        switch self {
        case .kernels: KernelCases.all.map(\.name)
        case .transformer: TransformerCases.all.map(\.name)
        case .autoencoder: AutoencoderCases.all.map(\.name)
        case .language: LanguageCases.all.map(\.name)
        case .rounding: RoundingErrors.names
        case .start: ColdStart.all(libtorch: nil).map(\.name)
        }
    }
}

/// Measures kernels, and the models at their published size with random weights; one part after the other, so that one
/// model is in memory at a time.
package struct Benchmarks: Sendable {
    /// All parts without any.
    package var parts: [BenchmarkPart] = []
    package var filter = NameFilter([])
    package var numbers = ModelNumbers()
    /// Alternating pairs of a case and its peak; otherwise a number that fits the part.
    package var repetitions: Int?
    /// Threads; otherwise the physical cores.
    package var threads: Int?
    package var libtorch: String?

    private static let pairsOfKernels = 7
    private static let pairsOfModels = 3

    package init() {}

    /// Names of the cases of these parts, or of all without any, and of the peaks, which belong to the kernels.
    package static func names(of parts: [BenchmarkPart] = []) -> [String] {
        let peaks = parts.isEmpty || parts.contains(.kernels) ? MachinePeak.allCases.map(\.rawValue) : []
        return (parts.isEmpty ? BenchmarkPart.allCases : parts).flatMap(\.names) + peaks
    }

    /// Runs the cases that are wanted, then gives the peaks that were measured beside them.
    ///
    /// - Parameters:
    ///   - progress: gets the name of each case before it is run, and remarks.
    ///   - report: gets each result.
    /// - Throws: `CancellationError` after the running repetition when the task is cancelled.
    package func run(
        progress: @escaping @Sendable (String) -> Void, report: @escaping @Sendable (BenchmarkResult) -> Void
    ) async throws {
        if let threads { kernels_set_threads(Int32(threads)) }
        var peaks: [MachinePeak: [Double]] = [:]
        for part in parts.isEmpty ? BenchmarkPart.allCases : parts where part.names.contains(where: filter.accepts) {
            try await run(part, progress, report).forEach { peaks[$0, default: []] += $1 }
        }
        let wanted = Self.names(of: parts).filter(filter.accepts)
        let alone = Stopwatch(pairs: pairs(.kernels))
        for peak in MachinePeak.allCases where peaks[peak] == nil && wanted.contains(peak.rawValue) {
            alone.measure(peak)
        }
        peaks.merge(alone.peaks) { $1 }
        for peak in MachinePeak.allCases {
            guard let rates = peaks[peak] else { continue }
            let result = peak.result(rates)
            report(result)
            if let remark = peak.remark(result) { progress(remark) }
        }
    }

    private func pairs(_ part: BenchmarkPart) -> Int {
        repetitions ?? (part == .kernels ? Self.pairsOfKernels : Self.pairsOfModels)
    }

    private func run(
        _ part: BenchmarkPart, _ progress: @escaping @Sendable (String) -> Void,
        _ report: @escaping @Sendable (BenchmarkResult) -> Void
    ) async throws -> [MachinePeak: [Double]] {
        let session = Session(filter: filter, pairs: pairs(part), progress: progress, report: report)
        let numbers = numbers
        switch part {
        case .kernels: return try session.run(KernelCases.all) { KernelCases.load() }
        case .transformer:
            return try await onEngine { try session.run(TransformerCases.all) { try TransformerCases.load(numbers) } }
        case .autoencoder:
            return try await onEngine { try session.run(AutoencoderCases.all) { try AutoencoderCases.load(numbers) } }
        case .language:
            return try await onEngine { try session.run(LanguageCases.all) { try LanguageCases.Model(numbers) } }
        case .rounding:
            let filter = filter
            try await onEngine { try RoundingErrors.measure(filter, progress: progress, report: report) }
            return [:]
        case .start: return try session.run(ColdStart.all(libtorch: libtorch)) {}
        }
    }

    private func onEngine<Result: Sendable>(
        _ body: @Engine @Sendable () throws -> Result
    ) async throws -> Result {
        try await Engine.load(libtorch: libtorch, threads: threads)
        return try await Engine.run(body)
    }
}

/// How the cases of a part are run.
private struct Session: Sendable {
    let filter: NameFilter
    let pairs: Int
    let progress: @Sendable (String) -> Void
    let report: @Sendable (BenchmarkResult) -> Void

    /// Loads what the cases share, and measures those that are wanted. All of it is released afterwards.
    ///
    /// - Returns: the peaks that were measured beside them.
    func run<Model>(
        _ cases: [BenchmarkCase<Model>], load: () throws -> Model
    ) throws -> [MachinePeak: [Double]] {
        let stopwatch = Stopwatch(pairs: pairs)
        let model = try load()
        for benchmark in cases where filter.accepts(benchmark.name) {
            progress(benchmark.name)
            ProcessMemory.resetHighWaterMark()
            let measurement = try benchmark.prepare(model)
            report(try stopwatch.measure(benchmark.name, benchmark.shape, measurement))
        }
        return stopwatch.peaks
    }
}
