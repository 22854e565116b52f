import ArgumentParser
import OmniGen2

/// How the model draws.
struct DrawingSettings: ParsableArguments {
    @Option(help: "Steps from noise to image.")
    var steps = 50

    @Option(help: "Solver: \(GenerationRequest.Scheduler.allCases.map(\.rawValue).joined(separator: " or ")).")
    var scheduler = GenerationRequest.Scheduler.euler

    @Option(help: "How strongly the prompt pulls.")
    var textGuidance = 3.0

    @Option(help: "How strongly the pictures pull.")
    var imageGuidance = 1.5

    @Option(help: "Step cache: none, teacache, teacache:THRESHOLD or taylorseer.")
    var cache = GenerationRequest.Cache.none

    @Option(help: "Number type: \(OmniGen2.Precision.allCases.map(\.rawValue).joined(separator: ", ")).")
    var precision = OmniGen2.Precision.float32

    @Option(help: "Threads to compute with. (default: physical cores)")
    var threads: Int?

    /// What a request has of these.
    func apply(to request: inout GenerationRequest) {
        (request.steps, request.scheduler, request.cache) = (steps, scheduler, cache)
        (request.textGuidance, request.imageGuidance) = (textGuidance, imageGuidance)
    }

    /// In a few words.
    var summary: String {
        "\(precision.rawValue) \(scheduler.rawValue) \(steps) guidance \(textGuidance) \(imageGuidance)"
            + (cache == .none ? "" : " \(cache)")
    }
}

extension GenerationRequest.Scheduler: ExpressibleByArgument {}
extension GenerationRequest.Cache: ExpressibleByArgument {}
extension OmniGen2.Precision: ExpressibleByArgument {}
