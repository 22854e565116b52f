import Diffusion
import Layers
import OmniGen2
import Torch

extension Stage {
    /// The transformer with an adapter at the recorded scales, and pictures drawn with it.
    static let lora = Stage(name: "lora", files: ["lora.safetensors", "lora_cases.json"]) { goldens in
        let (file, cases) = ("lora.safetensors", "lora_cases.json")
        let settings = try goldens.json(cases)
        guard let path = settings["file"]?.string else { throw ParityError("\(cases) names no file") }
        let model = try AdaptedTransformer(goldens, path)
        try compareOutputs(goldens, file, cases, settings, model)
        for (name, call) in (settings["pipeline"]?.members ?? [:]).sorted(by: { $0.key < $1.key }) {
            let pipeline = try goldens.modelFolder().pipeline(
                .float32, goldens.device, transformer: model(factor: AdaptedTransformer.reloaded))
            let run = try PipelineRun(goldens, file, name, call, pipeline)
            try run.compare(goldens, file, name)
            let sizes = (call["output_sizes"]?.array ?? []).compactMap(\.ints)
            goldens.check(cases, case: "\(name).output_sizes", run.images.map { [$0.width, $0.height] } == sizes)
            goldens.check(
                cases, case: "\(name).transformer_forwards", run.forwards == call["transformer_forwards"]?.int)
        }
    }

    /// One forward for each scale; what a name says behind `out_loaded_scale` is the scale.
    @Engine
    private static func compareOutputs(
        _ goldens: Goldens, _ file: String, _ cases: String, _ settings: JSONValue, _ model: AdaptedTransformer
    ) throws {
        let outputs = goldens.names(file).filter { $0.hasPrefix("out_") }
        guard !outputs.isEmpty else { return }
        guard let name = settings["case"]?.string else { throw ParityError("\(cases) names no case") }
        let samples = try Self.samples(goldens, file, name)
        let reloadedScale = "out_loaded_scale"
        for output in outputs {
            let factor: Double
            switch output {
            case "out_base": factor = 0
            case "out_loaded": factor = AdaptedTransformer.reloaded
            case "out_in_memory":
                guard let rank = settings["r"]?.double, let alpha = settings["alpha"]?.double, rank > 0 else {
                    throw ParityError("\(cases) says no r and alpha")
                }
                factor = alpha / rank
            default:
                guard output.hasPrefix(reloadedScale), let scale = Double(output.dropFirst(reloadedScale.count)) else {
                    continue
                }
                factor = AdaptedTransformer.reloaded * scale
            }
            try goldens.check(file, output, model(factor: factor)(samples)[0])
        }
    }
}

/// The set's transformer with the set's adapter.
private struct AdaptedTransformer {
    /// The original forgets a file's alpha when it reads it, and takes the rank for it.
    static let reloaded = 1.0

    private let goldens: Goldens
    private let source: ResidentSource
    private let pairs: [String: LowRankAdapter]

    init(_ goldens: Goldens, _ path: String) throws {
        self.goldens = goldens
        source = try goldens.modelFolder().transformerSource(.float32, goldens.device)
        let match = try AdapterFile(path: goldens.folder + "/" + path).match(source)
        goldens.check("lora_cases.json", case: "every key is used", match.unmatched.isEmpty)
        pairs = match.pairs
    }

    /// - Parameter factor: what every pair's product is multiplied by, whatever alpha the file says.
    func callAsFunction(factor: Double) throws -> Transformer {
        var adapters = AdapterSet()
        adapters.add(pairs.mapValues { LowRankAdapter(down: $0.down, up: $0.up, scale: 1) }, scale: factor)
        return try goldens.modelFolder().transformer(source, .float32, goldens.device, adapters: adapters)
    }
}
