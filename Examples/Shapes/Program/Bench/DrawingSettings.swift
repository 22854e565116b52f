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

    @Option(help: "Step cache: none, teacache, teacache:THRESHOLD, taylorseer or taylorseer:INTERVAL:ORDER.")
    var cache = GenerationRequest.Cache.none

    @Option(help: "Number type: \(OmniGen2.Precision.allCases.map(\.rawValue).joined(separator: ", ")).")
    var precision = OmniGen2.Precision.float32

    @Option(help: "Round the weights of large layers: int8 or int4, in bf16.")
    var quantize: OmniGen2.Quantization?

    @Option(help: "Share of the steps, from the first on, that are guided.")
    var guided = 1.0

    @Option(help: "Threads to compute with. (default: physical cores)")
    var threads: Int?

    func validate() throws {
        guard (0...1).contains(guided) else { throw ValidationError("--guided must be 0 to 1, got \(guided)") }
        if quantize != nil, precision != .bfloat16 {
            throw ValidationError("--quantize needs --precision bf16, got \(precision.rawValue)")
        }
    }

    /// What a request has of these.
    func apply(to request: inout GenerationRequest) {
        (request.steps, request.scheduler, request.cache) = (steps, scheduler, cache)
        (request.textGuidance, request.imageGuidance) = (textGuidance, imageGuidance)
        request.guidanceRange = 0...guided
    }

    /// In a few words.
    var summary: String {
        "\(precision.rawValue) \(scheduler.rawValue) \(steps) guidance \(textGuidance) \(imageGuidance)"
            + (cache == .none ? "" : " \(cache)") + (quantize.map { " \($0.rawValue)" } ?? "")
            + (guided == 1 ? "" : " guided \(guided)")
    }
}

extension GenerationRequest.Scheduler: ExpressibleByArgument {}
extension GenerationRequest.Cache: ExpressibleByArgument {}
extension OmniGen2.Precision: ExpressibleByArgument {}
extension OmniGen2.Quantization: ExpressibleByArgument {}
